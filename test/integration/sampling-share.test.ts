import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** The smaller shares are a matter of a million hashes: test/unit/dataplane/routing/assign.test.ts. */
const PERCENTS = [0, 1, 20, 50, 99.9, 100]
const REQUESTS = 1_000

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200), { keepRequests: false })
  shadow = await startUpstream((_request, respond) => respond.reply(200), { keepRequests: false })
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 2 },
    upstreams: {
      v1: primary.url,
      v2: primary.url,
      ...Object.fromEntries(PERCENTS.map((_, i) => [`shadow-${i}`, shadow.url])),
    },
    routes: [
      {
        name: 'r',
        primary: 'v1',
        canary: { upstream: 'v2', percent: 20 },
        shadows: PERCENTS.map((percent, i) => ({ upstream: `shadow-${i}`, percent })),
      },
    ],
    record: 'off',
  })
  client = new SteadyClient(proxy.url, 4)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

/** Six standard deviations: one false alarm in 500 million runs. */
function expectShare(chosen: number, of: number, percent: number): void {
  const p = percent / 100
  expect(Math.abs(chosen - of * p)).toBeLessThanOrEqual(6 * Math.sqrt(of * p * (1 - p)))
}

test('F1: of the requests that can be copied each shadow gets its share, 0 % none and 100 % all; so does the canary', async () => {
  await inParallel(REQUESTS, 4, async () => expect((await client.post('/', '{}')).status).toBe(200))
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    const canary = metrics.sum('understudy_requests_total', { arm: 'canary' })
    const eligible = metrics.sum('understudy_requests_total', { arm: 'primary' })
    expect(canary + eligible).toBe(REQUESTS)
    expectShare(canary, REQUESTS, 20)
    for (const [i, percent] of PERCENTS.entries()) {
      const labels = { shadow: `shadow-${i}` }
      expect(metrics.sum('understudy_eligible_total', labels)).toBe(eligible)
      expectShare(metrics.sum('understudy_sampled_total', labels), eligible, percent)
    }
    return true
  })
})
