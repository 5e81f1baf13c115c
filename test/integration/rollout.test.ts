import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEntry } from '../../src/control/audit.ts'
import type { CanaryView } from '../../src/control/admin/canary-view.ts'
import { getJson, postJson } from '../support/http-json.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { runCommand } from '../support/run-command.ts'
import { startUnderstudy, type LogLine, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
/** Decided within seconds: margins as wide as a test has time for. The right candidate stays undecided. */
const JUDGED = {
  gates: { agreement: { min: 0.9 }, errors: { max_increase: 0.1 } },
  verdict: { warm_up: '1s', min_pairs: 1_000_000, min_duration: '2s', max_duration: '1h' },
}
/** A change is in the log only when every thread has it, on a busy machine a second later. */
const RAMP_EVERY = '3s'
const PATHS = ['/right', '/wrong', '/lenient']

let servers: UpstreamServer[]
let proxy: RunningUnderstudy
let client: SteadyClient
let listener: RawClient
let traffic: Promise<void>
/** The candidate answers as the primary does until a verdict has said so: on a busy machine the first one was a ROLLBACK already. */
let doesHarm = false
const over = new AbortController()

const route = (name: string, canary: object) => ({
  name,
  match: { path: `/${name}` },
  primary: 'v1',
  canary: { upstream: 'v2', sticky: 'header:x-user-id', ...canary },
  shadows: [{ upstream: 'v2', percent: 100 }],
  ...JUDGED,
})

function config(version: string): Record<string, unknown> {
  const [v1, v2] = servers.map(server => server.url)
  return {
    listen: { address: '127.0.0.1:0', threads: 2 },
    upstreams: { v1, v2: { endpoints: v2, version } },
    routes: [
      route('right', { percent: 5, ramp: { steps: [5, 20, 40], every: RAMP_EVERY } }),
      route('wrong', { percent: 30 }),
      route('lenient', { percent: 30, on_rollback: 'none' }),
    ],
  }
}

/** The candidate is right on one route only. */
async function startModel(isCandidate: boolean): Promise<UpstreamServer> {
  return await startUpstream(
    (request, respond) =>
      respond.reply(
        200,
        JSON_TYPE,
        isCandidate && doesHarm && request.target !== '/right' ? '{"label":2}' : '{"label":1}',
      ),
    { keepRequests: false },
  )
}

beforeAll(async () => {
  servers = await Promise.all([startModel(false), startModel(true)])
  proxy = await startUnderstudy(config('2'))
  listener = await connectRaw(Number(new URL(proxy.adminUrl).port))
  listener.send('GET /api/v1/events HTTP/1.1\r\nhost: admin\r\n\r\n')
  await eventually(() => listener.receivedBytes > 0)
  client = new SteadyClient(proxy.url, 3)
  traffic = send()
  await proxy.waitForLog(line => line.msg === 'verdict' && String(line['experiment']).startsWith('wrong.'), 20_000)
  doesHarm = true
})
afterAll(async () => {
  over.abort()
  await traffic
  client.close()
  listener.destroy()
  await proxy.kill()
  await Promise.all(servers.map(server => server.stop()))
})

async function send(): Promise<void> {
  for (let user = 0; !over.signal.aborted; user++) {
    await Promise.all(PATHS.map(path => client.post(path, '{}', { 'x-user-id': `user-${user % 200}` })))
    await sleep(5)
  }
}

const api = (path: string): string => `${proxy.adminUrl}/api/v1/${path}`
const canary = async (name: string) => (await getJson(api(`routes/${name}/canary`))) as CanaryView
const set = async (name: string, change: object) =>
  await postJson(api(`routes/${name}/canary`), { actor: 'ada', reason: 'by the test', ...change })
const override = async (name: string, verdict: string | null) =>
  await postJson(api(`experiments/${name}.v2/override`), { verdict, actor: 'ada', reason: 'by the test' })

/** Newest last, once there are so many: a change is in the log when every thread has it. */
async function changesOf(name: string, atLeast: number): Promise<AuditEntry[]> {
  return await eventually(async () => {
    const { entries } = (await getJson(api('audit'))) as { entries: AuditEntry[] }
    const changes = entries.filter(entry => entry.action === 'canary_percent' && entry.route === name)
    return changes.length >= atLeast ? changes.toReversed() : undefined
  })
}

const percentMetric = async (name: string): Promise<number> =>
  (await proxy.readMetrics()).value('understudy_canary_percent', { route: name })

const msOf = (line: LogLine): number => Date.parse(String(line['time']))

async function canaryShare(path: string): Promise<number> {
  const users = Array.from({ length: 200 }, (_, i) => `user-${i}`)
  let canaries = 0
  for (const user of users) {
    const answer = await client.post(path, '{}', { 'x-user-id': user })
    if (answer.headers['x-understudy-arm'] === 'canary') canaries++
  }
  return canaries / users.length
}

test('a candidate that does harm gets no client any more, within two seconds of the look that showed it', async () => {
  const crossed = await proxy.waitForLog(
    line => line.msg === 'verdict' && line['verdict'] === 'ROLLBACK' && String(line['experiment']).startsWith('wrong.'),
    20_000,
  )
  const stopped = await proxy.waitForLog(
    line => line.msg === 'canary percentage set by its rollout' && line['route'] === 'wrong',
  )
  expect(msOf(stopped) - msOf(crossed)).toBeLessThan(2_000)
  expect(await canaryShare('/wrong')).toBe(0)
  expect(await canary('wrong')).toMatchObject({ percent: 0, rollout: { state: 'stopped', next: null } })
  expect(await changesOf('wrong', 1)).toEqual([
    expect.objectContaining({
      actor: 'understudy',
      reason: expect.stringMatching(/^ROLLBACK: agreement/),
      before: 30,
      after: 0,
      revision: stopped['revision'],
    }),
  ])
  await eventually(async () => (await percentMetric('wrong')) === 0)
  expect((await proxy.readMetrics()).value('understudy_rollout_state', { route: 'wrong' })).toBe(-1)
}, 40_000)

test('with on_rollback: none nothing happens but the verdict', async () => {
  await eventually(async () => {
    const { verdict } = (await getJson(api('experiments/lenient.v2/verdict'))) as { verdict: string }
    return verdict === 'ROLLBACK'
  }, 20_000)
  expect(await canary('lenient')).toMatchObject({ percent: 30, rollout: { state: 'manual' } })
}, 30_000)

test('a ramp takes one step after the other while no harm shows, and ends with its last one', async () => {
  await eventually(async () => (await canary('right')).rollout.state === 'done', 25_000)
  const changes = await changesOf('right', 2)
  expect(changes.map(({ actor, before, after }) => [actor, before, after])).toEqual([
    ['understudy', 5, 20],
    ['understudy', 20, 40],
  ])
  const [first, second] = changes.map(({ at }) => Date.parse(at)) as [number, number]
  expect(second - first).toBeGreaterThan(1_000)
  await eventually(async () => (await percentMetric('right')) === 40)
  expect(await canaryShare('/right')).toBeGreaterThan(0.25)
}, 40_000)

test('the operator who goes on after a ROLLBACK has overruled it, and an override stops the canary again', async () => {
  expect(await set('wrong', { percent: 10 })).toMatchObject({ result: 'applied' })
  const { watermark } = (await getJson(api('experiments/wrong.v2/verdict'))) as { watermark: number }
  await eventually(async () => {
    const view = (await getJson(api('experiments/wrong.v2/verdict'))) as { watermark: number }
    return view.watermark > watermark + 1
  }, 15_000)
  expect(await canary('wrong')).toMatchObject({ percent: 10, rollout: { state: 'manual' } })
  await override('wrong', 'ROLLBACK')
  await eventually(async () => (await canary('wrong')).percent === 0)
  expect(await changesOf('wrong', 3)).toHaveLength(3)
}, 30_000)

test('an override is the verdict for CI, with who and why', async () => {
  await override('wrong', 'PROMOTE')
  const promoted = await runCommand(['verdict', 'wrong.v2', '--admin', proxy.adminUrl])
  expect(promoted.code).toBe(0)
  expect(promoted.stdout).toMatch(/^PROMOTE .*\n {2}overridden by ada at .*: by the test \(the judge says ROLLBACK\)\n/)
  expect((await proxy.readMetrics()).find('understudy_verdict').map(({ value }) => value)).toContain(1)
  await override('wrong', null)
  expect((await runCommand(['verdict', 'wrong.v2', '--admin', proxy.adminUrl])).code).toBe(10)
}, 20_000)

test('a percentage set by hand is not ramped until the operator resumes, and a route without a ramp has none', async () => {
  await set('right', { percent: 3 })
  expect(await canary('right')).toMatchObject({ percent: 3, rollout: { state: 'manual', next: null } })
  await set('right', { percent: 6, ramp: 'resume' })
  expect(await canary('right')).toMatchObject({ percent: 6, rollout: { next: { percent: 20 } } })
  await eventually(async () => (await canary('right')).percent === 20, 15_000)
  await expect(set('wrong', { percent: 6, ramp: 'resume' })).rejects.toThrow('422')
}, 30_000)

test('a reload leaves ramp and stop where they are, a new version begins the ramp anew', async () => {
  const { percent } = await canary('right')
  expect(percent).toBeGreaterThanOrEqual(20)
  await override('wrong', 'ROLLBACK')
  await set('wrong', { percent: 0 })
  await proxy.reload({ ...config('2'), log: { level: 'debug' } })
  expect((await canary('right')).percent).toBeGreaterThanOrEqual(percent)
  await proxy.reload(config('3'))
  expect(await canary('right')).toMatchObject({ percent: 5, rollout: { state: 'held', why: 'no_evidence' } })
  // It is in the log a moment after it is in force.
  const restart = await eventually(async () => {
    const newest = (await changesOf('right', 1)).at(-1)
    return newest?.after === 5 ? newest : undefined
  })
  expect([restart.actor, restart.reason]).toEqual(['understudy', 'a new experiment: the ramp begins anew'])
  expect((await canary('wrong')).percent).toBe(0)
}, 20_000)

interface Told {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

function parseEvents(text: string): Told[] {
  return [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event = '', data = '']) => ({
    event,
    data: JSON.parse(data) as Told['data'],
  }))
}

test('whoever listened has heard of all of it, in order, and the stream ends with the process', async () => {
  const { entries } = (await getJson(api('audit'))) as { entries: AuditEntry[] }
  over.abort()
  await traffic
  client.close()
  const heard = listener.readResponse({ timeoutMs: 20_000 })
  await proxy.stop()
  const events = parseEvents(String((await heard).body))
  const told = (name: string) => events.filter(({ event }) => event === name).map(({ data }) => data)
  expect(told('audit').slice(0, entries.length)).toEqual(entries.toReversed())
  const rollouts = told('rollout').filter(data => data['route'] === 'right')
  expect(rollouts.map(data => data['percent']).slice(0, 6)).toEqual(expect.arrayContaining([5, 20, 40]))
  expect(told('rollout')).toContainEqual(expect.objectContaining({ route: 'wrong', state: 'stopped', percent: 0 }))
  const wrong = told('verdict').filter(data => String(data['experiment']).startsWith('wrong.'))
  expect(wrong.slice(0, 3).map(({ before, verdict }) => [before, verdict])).toEqual([
    [null, 'CONTINUE'],
    ['CONTINUE', 'ROLLBACK'],
    ['ROLLBACK', 'PROMOTE'],
  ])
  const revisions = told('config').map(data => Number(data['revision']))
  expect(revisions).toEqual(Array.from({ length: revisions.length }, (_, i) => i + 2))
}, 40_000)
