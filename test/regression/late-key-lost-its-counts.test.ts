/**
 * Where the sampling key lies in the body, the copies are decided when the body is there. A body too long to be looked at
 * was counted in the second of its arrival all the same, which by then had been handed over as settled: eligible, sampled,
 * sent and paired copies were missing from the experiment's counts, silently.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson } from '../support/http-json.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** The proxy looks for keys in bodies up to 1 MiB. */
const KEY_BODY_BYTES = 1024 * 1024
const SLOW_CLIENTS = 4
/** While other requests come, a second is handed over when the next one has begun. */
const OTHERS = 22
const OTHERS_EVERY_MS = 100

let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(async (request, respond) => {
    await request.body
    respond.reply(200)
  })
  proxy = await startUnderstudy({
    upstreams: { v1: upstream.url, v2: upstream.url },
    routes: [
      { name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 50, key: 'json:$.user', max_body: '4MiB' }] },
    ],
  })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

test('a long body with its key in it, that took seconds, is counted', async () => {
  const body = Buffer.from(JSON.stringify({ filler: 'x'.repeat(KEY_BODY_BYTES), user: 'u0' }))
  const slow = await Promise.all(Array.from({ length: SLOW_CLIENTS }, () => connectRaw(proxy.port)))
  for (const client of slow) {
    client.send(`POST / HTTP/1.1\r\nhost: r\r\ncontent-length: ${body.length}\r\n\r\n`)
    client.send(body.subarray(0, KEY_BODY_BYTES - 1))
  }
  const others = new SteadyClient(proxy.url, 1)
  for (let i = 0; i < OTHERS; i++) {
    await others.post('/', '{"user":"u1"}')
    await sleep(OTHERS_EVERY_MS)
  }
  others.close()
  for (const client of slow) client.send(body.subarray(KEY_BODY_BYTES - 1))
  for (const client of slow) {
    expect((await client.readResponse()).status).toBe(200)
    client.destroy()
  }
  await eventually(async () => {
    const [experiment] = (
      (await getJson(`${proxy.adminUrl}/api/v1/experiments`)) as { experiments: { counts: unknown }[] }
    ).experiments
    const metrics = await proxy.readMetrics()
    expect(experiment?.counts).toMatchObject({
      eligible: OTHERS + SLOW_CLIENTS,
      sampled: metrics.value('understudy_sampled_total'),
      sent: metrics.value('understudy_shadow_sent_total'),
    })
    return true
  }, 8_000)
})
