/**
 * A candidate that is down cannot take copies either: so many are lost that nothing can be said of its agreement, and the
 * verdict was INVALID. INVALID only holds a ramp: half of all clients stayed with a candidate that answered none of them,
 * although the gate on canary errors showed the harm.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CanaryView } from '../../src/control/admin/canary-view.ts'
import type { VerdictView } from '../../src/control/admin/verdict-view.ts'
import { getJson, postJson } from '../support/http-json.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

const DECIDED_MS = 20_000

let primary: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  const json = { 'content-type': 'application/json' }
  primary = await startUpstream((_request, respond) => respond.reply(200, json, '{"label":1}'), { keepRequests: false })
  proxy = await startUnderstudy({
    upstreams: { v1: primary.url, v2: 'http://127.0.0.1:1' },
    routes: [
      {
        name: 'r',
        primary: 'v1',
        canary: { upstream: 'v2', percent: 0 },
        shadows: [{ upstream: 'v2', percent: 100 }],
        gates: { agreement: { min: 0.9 }, canary_errors: { max_ratio: 2, max_increase: 0.1 } },
        // Copies alone are lost until the verdict is INVALID; clients follow then.
        verdict: { warm_up: '1s', min_pairs: 1, min_duration: '1s', max_duration: '1h' },
      },
    ],
  })
})
afterAll(async () => {
  await proxy.stop()
  await primary.stop()
})

const api = async (path: string) => await getJson(`${proxy.adminUrl}/api/v1/${path}`)
const verdict = async () => (await api('experiments/r.v2/verdict')) as VerdictView

test('a candidate that is down loses its clients, although its copies are lost', async () => {
  const client = new SteadyClient(proxy.url, 2)
  const untilMs = performance.now() + DECIDED_MS
  const ask = () => Promise.all([client.post('/', '{}'), client.post('/', '{}')])
  do await ask()
  while ((await verdict()).verdict !== 'INVALID' && performance.now() < untilMs)
  await postJson(`${proxy.adminUrl}/api/v1/routes/r/canary`, { percent: 50, actor: 'ada', reason: 'by the test' })
  let canary: CanaryView
  do {
    await ask()
    canary = (await api('routes/r/canary')) as CanaryView
  } while (canary.percent > 0 && performance.now() < untilMs)
  client.close()
  // Without INVALID before it, this would be a test of a plain rollback.
  const verdicts = proxy.log.filter(({ msg }) => msg === 'verdict').map(line => line['verdict'])
  expect(verdicts.slice(-2)).toEqual(['INVALID', 'ROLLBACK'])
  expect(canary).toMatchObject({ percent: 0, rollout: { state: 'stopped' } })
  expect(canary.rollout.why).toMatch(/^ROLLBACK: canary_errors harm: /)
  expect((await verdict()).verdict).toBe('ROLLBACK')
}, 40_000)
