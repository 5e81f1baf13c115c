import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const CLIENTS = 16
const LOAD_MS = 1_500
const SHED = { route: 'kept', reason: 'overloaded' }

let primary: UpstreamServer
let kept: UpstreamServer
let resetting: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

/** `busy` so low that the clients of this test are enough, or never. */
function routing(busy: number): Record<string, unknown> {
  return {
    listen: { address: '127.0.0.1:0', threads: 1 },
    limits: { busy },
    upstreams: { v1: primary.url, v2: kept.url, broken: resetting.url },
    routes: [
      { name: 'kept', match: { path: '/kept' }, primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] },
      { name: 'reset', match: { path: '/reset' }, primary: 'v1', shadows: [{ upstream: 'broken', percent: 100 }] },
    ],
  }
}

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  kept = await startUpstream((_request, respond) => respond.reply(200))
  resetting = await startUpstream((_request, respond) => respond.reset())
  proxy = await startUnderstudy(routing(10))
  client = new SteadyClient(proxy.url, CLIENTS)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all([primary.stop(), kept.stop(), resetting.stop()])
})

/** All clients ask again as soon as they are answered. @returns how many answers there were, all of them good. */
async function load(path: string): Promise<number> {
  const endMs = performance.now() + LOAD_MS
  let answers = 0
  const ask = async (): Promise<void> => {
    while (performance.now() < endMs) {
      expect((await client.post(path, '{}')).status).toBe(200)
      answers++
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, ask))
  return answers
}

test('E12: a thread that is busy for longer gives up copies, never clients, and copies again when it has time', async () => {
  const answers = await load('/kept')
  const metrics = await eventually(async () => {
    const seen = await proxy.readMetrics()
    return seen.sum('understudy_sampled_total', { route: 'kept' }) === answers ? seen : false
  })
  const shed = metrics.value('understudy_shadow_dropped_total', { ...SHED, shadow: 'v2' })
  expect(shed).toBeGreaterThan(0)
  expect(metrics.value('understudy_shadow_sent_total', { route: 'kept', shadow: 'v2' })).toBe(answers - shed)
  await eventually(
    async () => (await proxy.readMetrics()).value('understudy_thread_busy_ratio', { thread: '0' }) < 0.05,
  )
  const before = kept.requestCount
  await eventually(async () => {
    await client.post('/kept', '{}')
    return kept.requestCount > before
  })
})

test('E1: a shadow that resets every copy gets no more connections than its pace, each other copy is counted', async () => {
  await proxy.reload(routing(100))
  const startMs = performance.now()
  const answers = await load('/reset')
  const seconds = (performance.now() - startMs) / 1000
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    const count = (metric: string, labels = {}): number =>
      metrics.sum(`understudy_${metric}`, { route: 'reset', shadow: 'broken', ...labels })
    expect(count('sampled_total')).toBe(answers)
    expect(count('shadow_sent_total') + count('shadow_dropped_total')).toBe(answers)
    expect(count('shadow_sent_total')).toBe(resetting.requestCount)
    expect(count('pairs_total') + count('unpaired_total')).toBe(resetting.requestCount)
    return true
  })
  expect(resetting.connections.opened).toBeLessThanOrEqual(128 + Math.ceil((seconds + 0.5) * 500))
})
