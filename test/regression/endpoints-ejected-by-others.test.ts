/**
 * An endpoint was left out for what it had not done: for clients that took longer over their uploads than `timeouts.total`,
 * which counted as its timeouts, and for copies that took longer than their shadow's own `timeout`, where the candidate
 * answers clients as well. Each took a healthy canary from its users.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

let primary: UpstreamServer
let candidate: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  candidate = await startUpstream(async (request, respond) => {
    await request.body
    if (request.header('x-understudy-role') !== undefined) await sleep(500)
    respond.reply(200)
  })
  const upstream = { endpoints: candidate.url, outlier: { errors: 3, eject: '60s' }, timeouts: { total: '1s' } }
  const canary = { upstream: 'v2', sticky: 'header:x-user-id', fallback: 'primary' }
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: primary.url, v2: upstream, v3: { ...upstream, host: 'upstream' } },
    routes: [
      { name: 'uploads', match: { prefix: '/uploads' }, primary: 'v1', canary: { ...canary, percent: 100 } },
      {
        name: 'copies',
        primary: 'v1',
        canary: { ...canary, upstream: 'v3', percent: 50 },
        shadows: [{ upstream: 'v3', percent: 100, timeout: '100ms' }],
      },
    ],
  })
  client = new SteadyClient(proxy.url, 8)
})

afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all([primary.stop(), candidate.stop()])
})

const armOf = async (path: string, user: string): Promise<unknown> =>
  (await client.post(path, '{}', { 'x-user-id': user })).headers['x-understudy-arm']

/** Its status. */
const slow = async (): Promise<number> => {
  const upload = await connectRaw(proxy.port)
  upload.send('POST /uploads HTTP/1.1\r\nHost: h\r\nX-User-Id: a\r\nContent-Length: 1000\r\n\r\n')
  const timer = setInterval(() => upload.send('x'), 50)
  const { status } = await upload.readResponse()
  clearInterval(timer)
  upload.destroy()
  return status
}

test('clients that are slow over their uploads are told so, and their endpoint stays', async () => {
  expect(await Promise.all([slow(), slow(), slow(), slow()])).toEqual([408, 408, 408, 408])
  expect(await armOf('/uploads', 'a')).toBe('canary')
})

test('copies that take longer than their own timeout leave the canary to its users', async () => {
  const users = Array.from({ length: 40 }, (_, i) => `user-${i}`)
  const arms = new Map<string, unknown>()
  for (const user of users) arms.set(user, await armOf('/copies', user))
  const [ofCanary, ofPrimary] = ['canary', 'primary'].map(arm => users.filter(user => arms.get(user) === arm))
  for (const user of ofPrimary?.slice(0, 6) ?? []) await armOf('/copies', user)
  await sleep(400)
  for (const user of ofCanary?.slice(0, 3) ?? []) expect(await armOf('/copies', user)).toBe('canary')
  // A thread says each second what it has counted.
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    expect(metrics.sum('understudy_errors_total', { leg: 'shadow', code: 'UPSTREAM_TIMEOUT' })).toBeGreaterThan(3)
    return true
  })
})
