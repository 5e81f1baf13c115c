import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startModelServer, type ModelServer } from '../../src/cli/demo/model-server.ts'
import type { CanaryView } from '../../src/control/admin/canary-view.ts'
import type { ExperimentView } from '../../src/control/admin/experiment-view.ts'
import type { VerdictView } from '../../src/control/admin/verdict-view.ts'
import type { CanaryEntry } from '../../src/control/audit.ts'
import type { Bom } from '../../src/judge/report/model-card.ts'
import { DigitUsers } from '../support/digit-users.ts'
import { getJson } from '../support/http-json.ts'
import { CASES, experimentOf, promotionConfig, type Team } from '../support/promotion-cases.ts'
import { runCommand } from '../support/run-command.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { eventually } from '../support/within.ts'
import { elementsNamed, parseXml, textOf, type XmlElement } from '../support/xml.ts'

const USERS_ASKED = 300
const DECIDED_MS = 90_000

let directory: string
let models: Record<string, ModelServer>
let proxy: RunningUnderstudy
let client: SteadyClient
/** As the look that decided it was told to who waited for it. */
const deciding = {} as Record<Team, VerdictView>
/** Of new users, once all was decided: 0 to 1. */
const share = {} as Record<Team, number>
/** When the last window was judged. */
const live = {} as Record<Team, VerdictView>

const config = () =>
  promotionConfig(directory, Object.fromEntries(Object.entries(models).map(([kind, { url }]) => [kind, url])))

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'understudy-promotion-'))
  const kinds = ['primary', ...CASES.map(({ candidate }) => candidate)] as const
  models = Object.fromEntries(await Promise.all(kinds.map(async kind => [kind, await startModelServer(kind)])))
  proxy = await startUnderstudy(config())
  client = new SteadyClient(proxy.url, 16)
  let isOver = false
  const users = CASES.map(({ team }) => ({ team, users: new DigitUsers(client, team) }))
  const traffic = Promise.all(
    users.map(({ team, users: each }) =>
      team === 'crowded' ? each.comeInCrowds(() => isOver) : each.comeAndGo(() => isOver),
    ),
  )
  try {
    await Promise.race([Promise.all([...CASES.map(({ team }) => decided(team)), rolledOut()]), traffic])
    isOver = true
    await traffic
    for (const { team, users: each } of users) share[team] = await each.canaryShare(USERS_ASKED)
  } finally {
    isOver = true
  }
  for (const { team, users: each } of users) live[team] = await judgedToTheEnd(team, each)
}, 2 * DECIDED_MS)
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all(Object.values(models).map(model => model.stop()))
  rmSync(directory, { recursive: true, force: true })
})

const api = async <T>(path: string): Promise<T> => (await getJson(`${proxy.adminUrl}/api/v1/${path}`)) as T
const verdictOf = async (team: Team, query = '') =>
  await api<VerdictView>(`experiments/${experimentOf(team)}/verdict${query}`)
const canaryOf = async (team: Team) => await api<CanaryView>(`routes/${team}/canary`)

/** Asked before there can be a verdict, and once: the answer is of the very look that decided. */
async function decided(team: Team): Promise<void> {
  deciding[team] = await verdictOf(team, `?wait=${DECIDED_MS / 1e3}s`)
}

/** The honest candidate has got all that its ramp gives, and the broken one has lost all, on every thread. */
async function rolledOut(): Promise<void> {
  await eventually(async () => {
    const [honest, harmed] = [await canaryOf('honest'), await canaryOf('harmed')]
    return honest.rollout.state === 'done' && honest.percent === 50 && harmed.percent === 0
  }, DECIDED_MS)
}

/** The verdict once all that these users sent is sealed, judged and written. */
async function judgedToTheEnd(team: Team, { answers }: DigitUsers): Promise<VerdictView> {
  await eventually(async () => {
    const { counts } = await api<ExperimentView>(`experiments/${experimentOf(team)}`)
    const pending = (await proxy.readMetrics()).value('understudy_sink_pending_records', { sink: 'file' })
    return counts.eligible === answers.primary && pending === 0
  }, 20_000)
  const { windows } = await api<{ windows: { second: number }[] }>(`experiments/${experimentOf(team)}/windows?limit=10`)
  const newest = Math.max(...windows.map(({ second }) => second))
  return await eventually(async () => {
    const view = await verdictOf(team)
    return view.watermark === newest ? view : undefined
  }, 20_000)
}

/** What has become of the route's percentage, oldest first: who, from, to. */
async function changesOf(team: Team): Promise<CanaryEntry[]> {
  const { entries } = await api<{ entries: CanaryEntry[] }>('audit')
  return entries.filter(({ route }) => route === team).toReversed()
}

const understudy = async (team: Team, output: string) =>
  await runCommand(['verdict', experimentOf(team), '--admin', proxy.adminUrl, '--output', output])

/** The report files that were written for this route's experiment. */
function reportFiles(team: Team): string[] {
  return readdirSync(join(directory, 'state', 'reports')).filter(name => name.startsWith(`${experimentOf(team)}.`))
}

function readReport(team: Team, ending: string): string {
  const name = reportFiles(team).find(each => each.endsWith(ending))
  return readFileSync(join(directory, 'state', 'reports', name ?? `no report of ${team}`), 'utf8')
}

describe.each(CASES)('$candidate models for $team users end in $verdict', ({ team, candidate, ...expected }) => {
  test('by API, metrics and what told it first', async () => {
    expect(deciding[team]).toMatchObject({ verdict: expected.verdict, judged: expected.verdict, override: null })
    expect(await verdictOf(team)).toEqual(live[team])
    expect(live[team].verdict).toBe(expected.verdict)
    const { experiment, gates } = live[team]
    // Two scrapes in a short time share one text: the newest look may not be in it yet.
    const metrics = await eventually(async () => {
      const scraped = await proxy.readMetrics()
      const isNewest = ({ id, n }: { id: string; n: number }): boolean =>
        scraped.value('understudy_gate_samples', { experiment, gate: id }) === n
      return gates.every(isNewest) ? scraped : undefined
    })
    expect(metrics.value('understudy_verdict', { experiment })).toBe(expected.metric)
    for (const { id, estimate } of gates) {
      expect(metrics.value('understudy_gate_estimate', { experiment, gate: id })).toBeCloseTo(estimate ?? 0, 12)
    }
    if (expected.gate === null) return
    const [state, number] = expected.gate
    expect(gates.find(({ id }) => id === 'agreement')?.state).toBe(state)
    expect(metrics.value('understudy_gate_state', { experiment, gate: 'agreement' })).toBe(number)
  })

  test('on the command line, in every form, with its exit code', async () => {
    const { experiment, reason, gates } = live[team]
    const text = await understudy(team, 'text')
    expect(text.stdout.split('\n').slice(0, 2)).toEqual([`${expected.verdict}  ${experiment}`, `  ${reason}`])
    const markdown = await understudy(team, 'markdown')
    expect(markdown.stdout).toContain(`## ${expected.verdict}: ${experiment}\n\n${reason}. `)
    const json = await understudy(team, 'json')
    expect(JSON.parse(json.stdout)).toEqual(live[team])
    const junit = await understudy(team, 'junit')
    const suite = parseXml(junit.stdout.replace(/^<\?xml .*\?>\n/, '').trim())
    expect(elementsNamed(suite, 'testcase').map(({ attributes }) => attributes['name'])).toEqual([
      'verdict',
      ...gates.map(({ id }) => id),
    ])
    const failed = elementsNamed(suite, 'failure').length + elementsNamed(suite, 'error').length
    expect(suite.attributes['failures']).toBe(String(failed))
    expect(failed > 0).toBe(expected.verdict !== 'PROMOTE')
    expect([text, markdown, json, junit].map(({ code }) => code)).toEqual(Array(4).fill(expected.exit))
  }, 60_000)

  test('in the report files, with the numbers of the look that decided', () => {
    const { experiment, reason, gates, asOf, code } = deciding[team]
    expect(
      reportFiles(team)
        .map(name => /-([A-Z]+)-\w+\.(\w+)$/.exec(name)?.slice(1))
        .toSorted((a, b) => (a?.[1] ?? '').localeCompare(b?.[1] ?? '')),
    ).toEqual(['html', 'json', 'md'].map(ending => [expected.verdict, ending]))
    const title = `${expected.verdict}: ${candidate} (version 2) on route ${team}`
    const markdown = readReport(team, '.md')
    expect(markdown).toMatch(`# ${title}\n`)
    expect(markdown).toContain(`**experiment**: ${experiment}\n`)
    const page = parseXml(readReport(team, '.html'))
    expect(textOf(elementsNamed(page, 'h1')[0] as XmlElement)).toBe(title)
    expect(textOf(page)).toContain(reason)
    for (const gate of gates) expect(textOf(page)).toContain(gate.reason)
    const card = (JSON.parse(readReport(team, '.json')) as Bom).components[0]?.modelCard
    const properties = new Map(card?.properties.map(({ name, value }) => [name.replace('understudy:', ''), value]))
    expect(['verdict', 'verdict:code', 'verdict:reason', 'verdict:asOf'].map(name => properties.get(name))).toEqual([
      expected.verdict,
      code,
      reason,
      asOf,
    ])
    for (const { id, estimate } of gates) {
      const metric = card?.quantitativeAnalysis.performanceMetrics.find(({ type }) => type === id)
      expect([id, metric?.value]).toEqual([id, estimate === null ? undefined : String(estimate)])
    }
  })
})

const steps = async (team: Team) => (await changesOf(team)).map(({ actor, before, after }) => [actor, before, after])

async function expectPercent(team: Team, percent: number, tolerance: number): Promise<void> {
  expect((await canaryOf(team)).percent).toBe(percent)
  expect((await proxy.readMetrics()).value('understudy_canary_percent', { route: team })).toBe(percent)
  expect(Math.abs(share[team] - percent / 100)).toBeLessThanOrEqual(tolerance)
}

describe('the canary percentage in force, in the metric, in the audit log and of the users', () => {
  test('went up step by step for the promoted candidate', async () => {
    await expectPercent('honest', 50, 0.15)
    expect(await steps('honest')).toEqual([
      ['understudy', 10, 30],
      ['understudy', 30, 50],
    ])
  })

  test('is zero for the one that was rolled back, with the gate that says why', async () => {
    await expectPercent('harmed', 0, 0)
    const changes = await changesOf('harmed')
    expect(changes.at(-1)).toMatchObject({
      actor: 'understudy',
      after: 0,
      reason: `ROLLBACK: ${deciding.harmed.reason}`,
    })
    expect(deciding.harmed.reason).toMatch(/^agreement harm: /)
    expect((await canaryOf('harmed')).rollout).toMatchObject({ state: 'stopped', next: null })
  })

  test('stays where it was for the one of which nothing is known, held', async () => {
    await expectPercent('crowded', 10, 0.09)
    expect(await steps('crowded')).toEqual([])
    expect((await canaryOf('crowded')).rollout).toMatchObject({ state: 'held', why: 'invalid' })
    expect(deciding.crowded).toMatchObject({ code: 'coverage', reason: expect.stringMatching(/lost to in_flight/) })
  })
})

test.each(CASES)(
  'the records of $team users give the same evidence again',
  async ({ team, exit }) => {
    const records = join(directory, 'records.ndjson')
    const options = ['-c', proxy.configFile, '--experiment', experimentOf(team), '--output', 'json']
    const ended = await runCommand(['replay', records, ...options], { timeoutMs: 60_000 })
    expect([ended.code, ended.stderr]).toEqual([exit, ''])
    const { evidence, ...view } = JSON.parse(ended.stdout) as VerdictView & { evidence: object }
    expect(view).toEqual(live[team])
    expect(evidence).toMatchObject({ changed: {}, duplicates: 0, withoutRecord: 0, withoutWindow: 0, damaged: 0 })
  },
  70_000,
)

/** All that a restart must not change. */
const told = async () =>
  await Promise.all(
    CASES.map(async ({ team }) => ({
      verdict: await verdictOf(team),
      canary: await canaryOf(team),
      changes: await changesOf(team),
      reports: reportFiles(team),
    })),
  )

/** The last test: it ends the proxy that the others look at. */
test('a restart on the same state changes none of it', async () => {
  const before = await told()
  await proxy.stop()
  proxy = await startUnderstudy(config())
  expect(await told()).toEqual(before)
  const metrics = await proxy.readMetrics()
  expect(CASES.map(({ team }) => metrics.value('understudy_canary_percent', { route: team }))).toEqual([50, 0, 10])
  expect(CASES.map(({ team }) => metrics.value('understudy_verdict', { experiment: live[team].experiment }))).toEqual(
    CASES.map(({ metric }) => metric),
  )
  client.close()
  client = new SteadyClient(proxy.url, 4)
  expect(await new DigitUsers(client, 'harmed').canaryShare(50)).toBe(0)
}, 60_000)
