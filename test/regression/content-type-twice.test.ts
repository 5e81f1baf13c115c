/**
 * undici hands out a list where a header comes twice, though its types say text. A pair whose shadow answered with two
 * `content-type`s could not be packed for the analysis thread: packing threw inside the shadow's last callback, the exchange
 * stayed open for ever, and with it every window from its second on. The drain waited for it until its deadline.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson } from '../support/http-json.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const TWICE = [
  ['content-type', 'application/json'],
  ['content-type', 'text/plain'],
  ['content-encoding', 'identity'],
  ['content-encoding', 'br'],
] as const

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream((request, respond) => respond.reply(200, request.target === '/both' ? TWICE : {}, '{}'))
  shadow = await startUpstream((_request, respond) => respond.reply(200, TWICE, '{}'))
  proxy = await startUnderstudy({
    upstreams: { v1: primary.url, v2: shadow.url },
    routes: [{ name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] }],
  })
})
afterAll(async () => {
  await proxy.kill()
  await Promise.all([primary.stop(), shadow.stop()])
})

test('a pair whose answers name their type twice is counted, recorded, and lets its window be sealed', async () => {
  const client = new SteadyClient(proxy.url, 1)
  const both = await client.post('/both', '{}')
  expect([both.status, both.headers['content-type']]).toEqual([200, 'application/json'])
  expect((await client.post('/shadow', '{}')).status).toBe(200)
  client.close()
  await eventually(async () => {
    expect((await proxy.readMetrics()).sum('understudy_pair_outcomes_total')).toBe(2)
    return true
  })
  const { counts } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2`)) as { counts: { pairs: number } }
  expect(counts.pairs).toBe(2)
  const { code, ms } = await proxy.stop()
  expect(code).toBe(0)
  expect(ms).toBeLessThan(10_000)
})
