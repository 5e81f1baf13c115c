import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VerdictView } from '../../src/control/admin/verdict-view.ts'
import { getJson } from '../support/http-json.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** Decided within seconds by the clients of both arms; no shadow is there. */
const JUDGED = {
  gates: { canary_errors: { max_ratio: 3, max_increase: 0.1 } },
  verdict: { warm_up: '1s', min_pairs: 50, min_duration: '2s', max_duration: '1m' },
}

let servers: UpstreamServer[]
let proxy: RunningUnderstudy
let client: SteadyClient
let traffic: Promise<void>
const over = new AbortController()

const route = (name: string, canary: Record<string, unknown> = {}) => ({
  name,
  match: { path: `/${name}` },
  primary: 'v1',
  canary: { upstream: 'v2', percent: 50, ...canary },
  ...JUDGED,
})

beforeAll(async () => {
  servers = await Promise.all([
    startUpstream((_request, respond) => respond.reply(200), { keepRequests: false }),
    startUpstream((_request, respond) => respond.reply(200), { keepRequests: false }),
    startUpstream((_request, respond) => respond.reply(503), { keepRequests: false }),
  ])
  const [v1, v2, failing] = servers.map(server => server.url)
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 2 },
    upstreams: { v1, v2, failing, nowhere: 'http://127.0.0.1:1' },
    routes: [
      route('good'),
      // An upstream of its own: after some failures in a row it is left out for all routes.
      route('broken', { upstream: 'failing' }),
      route('dead', { upstream: 'nowhere' }),
      route('sticky', { sticky: 'header:x-user-id' }),
    ],
  })
  client = new SteadyClient(proxy.url, 4)
  traffic = send()
})
afterAll(async () => {
  over.abort()
  await traffic
  client.close()
  await proxy.stop()
  await Promise.all(servers.map(server => server.stop()))
})

/**
 * Ten users take turns, so that nearly every request is one of a user who has voted. From the beginning of a second on: the
 * first one is the warm-up, in which each of them has to have voted.
 */
async function send(): Promise<void> {
  await sleep(1_000 - (Date.now() % 1_000))
  for (let i = 0; !over.signal.aborted; i++) {
    const user = { 'x-user-id': `user-${i % 10}` }
    await Promise.all(['/good', '/broken', '/dead', '/sticky'].map(path => client.post(path, '{}', user)))
    await sleep(4)
  }
}

async function ended(name: string): Promise<VerdictView> {
  return await eventually(async () => {
    const view = (await getJson(`${proxy.adminUrl}/api/v1/experiments/${name}/verdict`)) as VerdictView
    return view.verdict === 'CONTINUE' ? undefined : view
  }, 25_000)
}

test('a canary that fails no more often than the primary is promoted by its clients alone', async () => {
  const view = await ended('good.v2')
  expect([view.verdict, view.gates.map(({ id, state }) => [id, state])]).toEqual([
    'PROMOTE',
    [['canary_errors', 'safe']],
  ])
  expect(view.coverage.sampled).toBe(0)
}, 30_000)

test('a canary that fails, and one that nobody reaches, are rolled back', async () => {
  for (const name of ['broken.failing', 'dead.nowhere']) {
    const view = await ended(name)
    expect([name, view.verdict, view.gates[0]?.state]).toEqual([name, 'ROLLBACK', 'harm'])
  }
}, 30_000)

test('a sticky user has one vote, whichever thread serves the request', async () => {
  const arms = await eventually(async () => {
    const view = (await getJson(`${proxy.adminUrl}/api/v1/experiments/sticky.v2`)) as {
      counts: { arms: Record<string, Record<'primary' | 'canary', { requests: number; repeats: number }>> }
    }
    const { primary, canary } = view.counts.arms['50'] ?? {}
    return primary !== undefined && canary !== undefined && primary.repeats + canary.repeats > 200
      ? { primary, canary }
      : undefined
  }, 25_000)
  // Each of the ten once after the warm-up, and once in it, if it came by then.
  const votes = arms.primary.requests + arms.canary.requests
  expect([votes >= 10, votes <= 20]).toEqual([true, true])
  expect(arms.canary.requests).toBeGreaterThan(0)
}, 30_000)
