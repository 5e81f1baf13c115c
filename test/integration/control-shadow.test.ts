import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ExperimentView } from '../../src/control/admin/experiment-view.ts'
import type { VerdictView } from '../../src/control/admin/verdict-view.ts'
import { getJson } from '../support/http-json.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
/** Of the answers of every version: as many are another label than most of them give. */
const NOISE = 0.2
const REQUESTS = 2_500

let servers: UpstreamServer[]
let proxy: RunningUnderstudy
const roles = new Map<string, number>()

/** A model that gives one of two labels by chance; `worse` so much more often the rarer one. */
function stochastic(worse: number): Promise<UpstreamServer> {
  return startUpstream(
    (request, respond) => {
      const role = request.headers.find(([name]) => name.toLowerCase() === 'x-understudy-role')?.[1] ?? 'none'
      roles.set(role, (roles.get(role) ?? 0) + 1)
      respond.reply(200, JSON_TYPE, `{"label":${Math.random() < NOISE + worse ? 2 : 1}}`)
    },
    { keepRequests: false },
  )
}

beforeAll(async () => {
  servers = await Promise.all([stochastic(0), stochastic(0), stochastic(0), stochastic(0.4)])
  const [v1, v1b, same, worse] = servers.map(server => server.url)
  proxy = await startUnderstudy({
    upstreams: { v1, v1b, same, worse },
    routes: [
      {
        name: 'r',
        primary: 'v1',
        shadows: [
          { upstream: 'same', percent: 100 },
          { upstream: 'worse', percent: 100 },
        ],
        control: { upstream: 'v1b', percent: 100 },
        gates: { agreement: { below_noise: 0.15 } },
        verdict: { warm_up: '0s', min_pairs: 100, min_duration: '1s' },
      },
    ],
  })
  const client = new SteadyClient(proxy.url, 4)
  await Promise.all(Array.from({ length: 4 }, () => sendShare(client)))
  client.close()
}, 60_000)
afterAll(async () => {
  await proxy.stop()
  await Promise.all(servers.map(server => server.stop()))
})

async function sendShare(client: SteadyClient): Promise<void> {
  for (let i = 0; i < REQUESTS / 4; i++) await client.post('/', '{}')
}

const experiment = async (name: string): Promise<ExperimentView> =>
  (await getJson(`${proxy.adminUrl}/api/v1/experiments/${name}`)) as ExperimentView

test('a control gets its own role, and its pairs are counted and not judged', async () => {
  const control = await eventually(async () => {
    const view = await experiment('r.v1b')
    return view.counts.eligible === REQUESTS ? view : undefined
  }, 15_000)
  expect(control.role).toBe('control')
  expect(roles.get('control')).toBe(control.counts.sent)
  expect(roles.get('shadow')).toBeGreaterThan(0)
  const verdict = await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v1b/verdict`).catch((error: Error) => error)
  expect(verdict).toBeInstanceOf(Error)
})

test('the noise of the model is measured on the same requests, and what is over it is the excess', async () => {
  // Two draws of which one in five is the rarer label differ in 32 %; of 20 and 60 %, in 56 %.
  const expected = { same: 0.32, worse: 0.56 }
  for (const name of ['same', 'worse'] as const) {
    const { noise, counts } = await eventually(async () => {
      const view = await experiment(`r.${name}`)
      return (view.noise?.requests ?? 0) >= REQUESTS * 0.9 ? view : undefined
    }, 15_000)
    expect(noise?.noise).toBeCloseTo(0.32, 1)
    expect(noise?.raw).toBeCloseTo(expected[name], 1)
    expect(noise?.excess).toBeCloseTo(expected[name] - 0.32, 1)
    expect(noise?.fields[0]).toMatchObject({ path: '$.label', kind: 'value' })
    expect(counts.outcomes.agree / counts.pairs).toBeCloseTo(1 - expected[name], 1)
  }
})

test('a candidate as noisy as the primary is within the margin, one that is worse is not', async () => {
  const client = new SteadyClient(proxy.url, 1)
  const verdictOf = async (name: string): Promise<VerdictView> =>
    await eventually(async () => {
      await client.post('/', '{}')
      const view = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.${name}/verdict`)) as VerdictView
      return view.verdict === 'CONTINUE' ? undefined : view
    }, 20_000)
  const same = await verdictOf('same')
  expect([same.verdict, same.gates[0]?.state]).toEqual(['PROMOTE', 'safe'])
  const worse = await verdictOf('worse')
  expect([worse.verdict, worse.gates[0]?.state]).toEqual(['ROLLBACK', 'harm'])
  client.close()
}, 50_000)
