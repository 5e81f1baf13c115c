import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../support/run-command.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
/** Decided within seconds: margins as wide as a test has time for. */
const JUDGED = {
  gates: { agreement: { min: 0.9 }, errors: { max_increase: 0.1 }, slowdown: { median_ratio: 1_000 } },
  verdict: { warm_up: '1s', min_pairs: 100, min_duration: '2s', max_duration: '1m' },
}

let primary: UpstreamServer
let candidate: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient
let traffic: Promise<void>
const over = new AbortController()

const route = (name: string) => ({
  name,
  match: { path: `/${name}` },
  primary: 'v1',
  shadows: [{ upstream: 'v2', percent: 100 }],
  ...JUDGED,
})

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200, JSON_TYPE, '{"label":1}'), {
    keepRequests: false,
  })
  candidate = await startUpstream(
    (request, respond) => respond.reply(200, JSON_TYPE, request.target === '/wrong' ? '{"label":2}' : '{"label":1}'),
    { keepRequests: false },
  )
  proxy = await startUnderstudy({
    upstreams: { v1: primary.url, v2: { endpoints: candidate.url, version: '2' } },
    routes: [route('right'), route('wrong'), route('silent')],
  })
  client = new SteadyClient(proxy.url, 2)
  traffic = send()
})
afterAll(async () => {
  over.abort()
  await traffic
  client.close()
  await proxy.stop()
  await Promise.all([primary.stop(), candidate.stop()])
})

async function send(): Promise<void> {
  while (!over.signal.aborted) {
    await Promise.all(['/right', '/wrong'].map(path => client.post(path, '{}')))
    await sleep(5)
  }
}

const verdict = (experiment: string, ...options: string[]) =>
  runCommand(['verdict', experiment, '--admin', proxy.adminUrl, ...options], { timeoutMs: 30_000 })

describe.each([
  ['right', 'PROMOTE', 0, 1],
  ['wrong', 'ROLLBACK', 10, -1],
])('a candidate that is %s', (route, expected, code, number) => {
  test(`ends in ${expected}, for CI, the API and Prometheus alike`, async () => {
    const ended = await verdict(`${route}.v2`, '--wait', '--timeout', '25s', '--output', 'json')
    const view = JSON.parse(ended.stdout) as {
      verdict: string
      experiment: string
      gates: { id: string; state: string }[]
    }
    expect([ended.code, view.verdict]).toEqual([code, expected])
    expect(view.gates.map(gate => gate.id)).toEqual(['agreement', 'errors', 'slowdown'])
    expect(view.gates[0]?.state).toBe(code === 0 ? 'safe' : 'harm')
    const metrics = await proxy.readMetrics()
    expect(metrics.value('understudy_verdict', { experiment: view.experiment })).toBe(number)
    expect(metrics.value('understudy_gate_state', { experiment: view.experiment, gate: 'agreement' })).toBe(number)
    expect(
      metrics.value('understudy_gate_samples', { experiment: view.experiment, gate: 'agreement' }),
    ).toBeGreaterThan(50)
  }, 40_000)
})

test('an experiment without traffic goes on, and says why', async () => {
  const ended = await verdict('silent.v2')
  expect(ended.code).toBe(20)
  expect(ended.stdout).toMatch(/^CONTINUE {2}silent\.v2\.[0-9a-f]{8}\n/)
})

test('a wait ends when its time is over', async () => {
  const startMs = performance.now()
  expect((await verdict('silent.v2', '--wait', '--timeout', '2s')).code).toBe(20)
  expect(performance.now() - startMs).toBeGreaterThan(2_000)
  expect(performance.now() - startMs).toBeLessThan(15_000)
})

test('an unknown experiment, a wrong address and wrong use are said in words', async () => {
  const unknown = await verdict('nobody.v9')
  expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining('no experiment "nobody.v9"')])
  const nowhere = await runCommand(['verdict', 'right.v2', '--admin', 'http://127.0.0.1:1'])
  expect([nowhere.code, nowhere.stderr]).toEqual([3, expect.stringContaining('cannot reach the admin address')])
  expect((await verdict('right.v2', '--output', 'xml')).code).toBe(2)
  expect((await runCommand(['verdict'])).code).toBe(2)
})
