import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ExperimentStats } from '../../../../src/analysis/experiment-stats.ts'
import { TestAdmin } from '../../../support/admin.ts'
import { leg, pairFrame } from '../../../support/pairs.ts'
import { countsOf, sealedWindow } from '../../../support/windows.ts'

const EXPERIMENT = 'churn.churn-v2.0a1b2c3d'
const OLD = 'churn.churn-v2.ffffffff'

let admin: TestAdmin

beforeEach(async () => {
  admin = await new TestAdmin({ revision: 4, hash: 'abcdef012345', source: 'routing.yaml' }).start()
})

afterEach(() => admin.server.close())

/** `seconds` windows with two agreeing pairs each. */
function seal(experiment: string, seconds: number): void {
  const counts = countsOf({ eligible: 3, sampled: 2, sent: 2, pairs: 2, outcomes: { agree: 2 } })
  const windows = Array.from({ length: seconds }, (_, i) => sealedWindow(experiment, 'h/b/0', 100 + i, counts))
  const disagreements = Array.from({ length: seconds }, (_, i) => ({ experiment, record: { id: `pair-${i}` } }))
  admin.state.take({ windows, settledBefore: 0, experiments: [], disagreements, sinks: [], framesLost: 0 })
}

describe('the probes', () => {
  test('say alive at once, ready only while traffic is taken', async () => {
    expect(await admin.get('/healthz')).toEqual({ status: 'ok' })
    const ready = async (): Promise<unknown[]> => {
      const answer = await admin.ask('GET', '/readyz')
      return [answer.status, answer.json()]
    }
    expect(await ready()).toEqual([503, { status: 'starting' }])
    admin.state.ready = true
    expect(await ready()).toEqual([200, { status: 'ready' }])
    admin.state.ready = false
    admin.state.draining = true
    expect(await ready()).toEqual([503, { status: 'draining' }])
  })
})

describe('the configuration', () => {
  test('is the one in force, with the last failure', async () => {
    const { loadedAt } = admin.state
    const inForce = { revision: 4, hash: 'abcdef012345', source: 'routing.yaml', loadedAt }
    expect(await admin.get('/api/v1/config')).toEqual({ ...inForce, lastFailure: null })
    admin.state.lastFailure = { at: '2026-01-01T00:00:00.000Z', problems: ['line 3: no such upstream'] }
    expect(await admin.get('/api/v1/config')).toEqual({ ...inForce, lastFailure: admin.state.lastFailure })
  })

  test('is read again when asked, and a refused one is 422 with its problems', async () => {
    admin.reloadResult = { result: 'applied', revision: 5, changes: ['route churn: canary 5 % -> 10 %'] }
    const applied = await admin.ask('POST', '/api/v1/reload')
    expect([applied.status, applied.json()]).toEqual([200, admin.reloadResult])
    admin.reloadResult = { result: 'refused', revision: 5, problems: ['line 3: no such upstream'] }
    const refused = await admin.ask('POST', '/api/v1/reload')
    expect([refused.status, refused.json()]).toEqual([422, admin.reloadResult])
    expect(admin.asked).toHaveLength(2)
  })

  test('cannot be read again while the process is still starting', async () => {
    admin.server.reloader = null
    expect((await admin.ask('POST', '/api/v1/reload')).status).toBe(503)
  })
})

describe('an experiment', () => {
  test('shows its gates with their intervals, as the verdict does', async () => {
    seal(EXPERIMENT, 3)
    const { gates } = (await admin.get(`/api/v1/experiments/${EXPERIMENT}`)) as { gates: { id: string }[] }
    expect(gates.map(({ id }) => id)).toEqual(['agreement', 'errors', 'latency'])
    expect(gates).toEqual(((await admin.get(`/api/v1/experiments/${EXPERIMENT}/verdict`)) as { gates: unknown }).gates)
  })

  test('is found by its id, and the current one by route and candidate', async () => {
    seal(EXPERIMENT, 3)
    for (const id of [EXPERIMENT, 'churn.churn-v2', encodeURIComponent(EXPERIMENT)]) {
      expect(await admin.get(`/api/v1/experiments/${id}`)).toMatchObject({
        id: EXPERIMENT,
        route: 'churn',
        primary: { upstream: 'churn-v1', version: '1' },
        candidate: { upstream: 'churn-v2', version: '2' },
        current: true,
        counts: { eligible: 9, sampled: 6, sent: 6, pairs: 6, outcomes: { agree: 6, disagree: 0 } },
      })
    }
  })

  test('shows changes of class, and the means of what was measured', async () => {
    seal(EXPERIMENT, 1)
    const report = new ExperimentStats(EXPERIMENT)
    report.addLabels([{ path: '$', primary: 'cat', shadow: 'dog' }], 3)
    for (const jsd of [0.25, 0.75]) {
      const comparison = { result: 'agree', task: 'classification', metrics: { jsd }, differences: [] } as const
      report.add(pairFrame(leg(''), leg('')), { ...comparison, truncated: false }, 1)
    }
    const experiment = { ...report.report(1), forgottenVotes: 0 }
    admin.state.take({
      windows: [],
      settledBefore: 0,
      experiments: [experiment],
      disagreements: [],
      sinks: [],
      framesLost: 0,
    })
    expect(await admin.get(`/api/v1/experiments/${EXPERIMENT}`)).toMatchObject({
      confusions: [{ primary: 'cat', shadow: 'dog', count: 1 }],
      otherConfusions: 2,
      metrics: { jsd: { count: 2, mean: 0.5 } },
    })
  })

  test('of an older configuration is still there, and says that it is not current', async () => {
    const { snapshot } = admin.state
    const experiments = snapshot.experiments.map(experiment => ({ ...experiment, id: OLD }))
    admin.state.snapshot = { ...snapshot, experiments }
    admin.state.snapshot = snapshot
    seal(OLD, 1)
    expect(await admin.get(`/api/v1/experiments/${OLD}`)).toMatchObject({ id: OLD, route: null, current: false })
    const list = (await admin.get('/api/v1/experiments')) as { experiments: { id: string; current: boolean }[] }
    expect(list.experiments.map(each => [each.id, each.current])).toEqual([
      [EXPERIMENT, true],
      [OLD, false],
    ])
  })

  test.each([
    ['', 'text/markdown; charset=utf-8', '# CONTINUE: '],
    ['?format=markdown', 'text/markdown; charset=utf-8', '# CONTINUE: '],
    ['?format=html', 'text/html; charset=utf-8', '<!DOCTYPE html>'],
    ['?format=json', 'application/vnd.cyclonedx+json; version=1.6', '{'],
  ])('has a report%s, with the type of its format', async (query, type, beginning) => {
    seal(EXPERIMENT, 3)
    const answer = await admin.ask('GET', `/api/v1/experiments/churn.churn-v2/report${query}`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
    expect(answer.text.startsWith(beginning)).toBe(true)
    expect(answer.text).toContain(EXPERIMENT)
  })

  test('has no report in a format that there is none of', async () => {
    const answer = await admin.ask('GET', `/api/v1/experiments/${EXPERIMENT}/report?format=pdf`)
    expect([answer.status, answer.json()]).toEqual([400, { error: 'format must be one of markdown, html, json' }])
  })

  test.each(['', '/verdict', '/report', '/windows', '/disagreements'])(
    'that nobody knows is 404 with a hint%s',
    async part => {
      const answer = await admin.ask('GET', `/api/v1/experiments/nothing.at.all${part}`)
      expect([answer.status, answer.text]).toEqual([404, expect.stringContaining('GET /api/v1/experiments lists them')])
    },
  )

  test('gives its newest windows, newest last, and disagreements, newest first', async () => {
    seal(EXPERIMENT, 30)
    const ids = async (query: string) => {
      const { windows } = (await admin.get(`/api/v1/experiments/${EXPERIMENT}/windows${query}`)) as {
        windows: { second: number }[]
      }
      const { disagreements } = (await admin.get(`/api/v1/experiments/${EXPERIMENT}/disagreements${query}`)) as {
        disagreements: { id: string }[]
      }
      return [windows.map(each => each.second), disagreements.map(each => each.id)]
    }
    expect(await ids('?limit=2')).toEqual([
      [128, 129],
      ['pair-29', 'pair-28'],
    ])
    expect((await ids('')).map(list => list.length)).toEqual([20, 20])
    expect((await ids('?limit=1000')).map(list => list.length)).toEqual([30, 30])
  })
})

describe('a limit', () => {
  const paths = [
    `/api/v1/experiments/${EXPERIMENT}/windows`,
    `/api/v1/experiments/${EXPERIMENT}/disagreements`,
    '/api/v1/audit',
  ]

  test.each(['0', '-1', '1001', '1.5', 'ten', '', 'NaN', 'Infinity'])('of "%s" is refused everywhere', async limit => {
    for (const path of paths) {
      const answer = await admin.ask('GET', `${path}?limit=${limit}`)
      expect([answer.status, answer.json()]).toEqual([400, { error: 'limit must be a whole number from 1 to 1000' }])
    }
  })
})
