import { afterAll, beforeAll, expect, test } from 'vitest'
import { bucketOf } from '../../src/dataplane/routing/hash.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const CONNECTIONS = 4
const USERS = Array.from({ length: 40 }, (_, i) => `user-${i}`)
const inCanary = (user: string): boolean => bucketOf('canary:r', user) < 50

let primary: UpstreamServer
let candidate: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  // It answers its own clients and hangs on copies: as if only those were hard.
  candidate = await startUpstream((request, respond) => {
    if (request.header('x-understudy-role') === undefined) respond.reply(200)
  })
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: primary.url, v2: { endpoints: candidate.url, connections: CONNECTIONS } },
    routes: [
      {
        name: 'r',
        primary: 'v1',
        canary: { upstream: 'v2', percent: 50, sticky: 'header:x-user-id' },
        shadows: [{ upstream: 'v2', percent: 100, timeout: '60s' }],
      },
    ],
  })
  client = new SteadyClient(proxy.url, 4)
})
afterAll(async () => {
  client.close()
  await proxy.kill()
  await Promise.all([primary.stop(), candidate.stop()])
})

test('E1: copies leave half of the connections to the clients of the same upstream', async () => {
  for (const user of USERS) {
    const answer = await client.post('/', '{}', { 'x-user-id': user })
    const arm = inCanary(user) ? 'canary' : 'primary'
    expect([user, answer.status, answer.headers['x-understudy-arm']]).toEqual([user, 200, arm])
  }
  const copied = USERS.filter(user => !inCanary(user)).length
  expect(copied).toBeGreaterThan(CONNECTIONS)
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    expect(metrics.sum('understudy_sampled_total')).toBe(copied)
    expect(metrics.sum('understudy_shadow_sent_total')).toBe(CONNECTIONS / 2)
    expect(metrics.sum('understudy_shadow_dropped_total', { reason: 'in_flight' })).toBe(copied - CONNECTIONS / 2)
    return true
  })
})
