import { describe, expect, test } from 'vitest'
import { ExperimentJudge } from '../../../src/judge/experiment-judge.ts'
import { bumpLateness } from '../../../src/wire/window.ts'
import { armsOf } from '../../support/windows.ts'
import { quickPlan, START, windowOf, type SecondOfPairs } from '../../support/verdicts.ts'

/** Takes seconds of such pairs, one after the other, and says what the judge says at the end. */
function judged(judge: ExperimentJudge, seconds: number, pairs: SecondOfPairs, from = START) {
  for (let i = 0; i < seconds; i++) judge.take(from + i, [windowOf(from + i, pairs)])
  const { decision, gates } = judge.look
  return { ...decision, states: Object.fromEntries(gates.map(gate => [gate.id, gate.state])) }
}

describe('a judge', () => {
  test('without traffic goes on, and says why', () => {
    const { decision, gates } = new ExperimentJudge(quickPlan()).look
    expect([decision.verdict, decision.code]).toEqual(['CONTINUE', 'warm_up'])
    for (const gate of gates) expect([gate.state, gate.n]).toEqual(['no_data', 0])
  })

  test('promotes a candidate that agrees, does not fail and is as fast', () => {
    const { verdict, states } = judged(new ExperimentJudge(quickPlan()), 60, { agree: 200 })
    expect([verdict, states]).toEqual(['PROMOTE', { agreement: 'safe', errors: 'safe', latency: 'safe' }])
  })

  test('does not promote before min_pairs and min_duration', () => {
    const plan = quickPlan({ minPairs: 1_000_000 })
    expect(judged(new ExperimentJudge(plan), 60, { agree: 200 })).toMatchObject({
      verdict: 'CONTINUE',
      code: 'min_pairs',
    })
    const long = quickPlan({ minDurationMs: 3_600_000 })
    expect(judged(new ExperimentJudge(long), 60, { agree: 200 })).toMatchObject({
      verdict: 'CONTINUE',
      code: 'min_duration',
    })
  })

  test('rolls back a candidate that disagrees, names the gate, and stays with it', () => {
    const judge = new ExperimentJudge(quickPlan())
    expect(judged(judge, 40, { agree: 180, disagree: 20 })).toMatchObject({ verdict: 'ROLLBACK', code: 'harm' })
    expect(judge.look.decision.reason).toContain('agreement')
    expect(judged(judge, 600, { agree: 180, disagree: 20 }, START + 40).verdict).toBe('ROLLBACK')
  })

  test('rolls back one that fails, and one that is late', () => {
    expect(judged(new ExperimentJudge(quickPlan()), 40, { agree: 180, shadowErrors: 20 }).states['errors']).toBe('harm')
    const judge = new ExperimentJudge(quickPlan())
    judged(judge, 10, { agree: 200 })
    expect(judged(judge, 40, { agree: 200, shadowUs: 90_000 }, START + 10)).toMatchObject({
      verdict: 'ROLLBACK',
      states: { latency: 'harm' },
    })
  })

  test('shows the warm-up and does not judge it', () => {
    const judge = new ExperimentJudge(quickPlan())
    expect(judged(judge, 5, { disagree: 1_000 }).verdict).toBe('CONTINUE')
    expect(judged(judge, 60, { agree: 200 }, START + 5).verdict).toBe('PROMOTE')
  })

  test('chooses the latency threshold before the pairs it judges by it', () => {
    const judge = new ExperimentJudge(quickPlan())
    judged(judge, 6, { agree: 200 })
    expect(judge.look.thresholdUs).toBeGreaterThanOrEqual(2_000)
    expect(judge.look.gates.find(({ id }) => id === 'latency')?.n).toBe(0)
    judged(judge, 1, { agree: 200 }, START + 6)
    expect(judge.look.gates.find(({ id }) => id === 'latency')?.n).toBe(200)
  })

  test('says how far the choice of the latency threshold has come, where there are pairs already', () => {
    const judge = new ExperimentJudge(quickPlan())
    const latency = () => judge.look.gates.find(({ id }) => id === 'latency')?.reason
    judged(judge, 3, { agree: 10 })
    expect(latency()).toBe('latency: its threshold is not chosen yet, 30 of 200 pairs')
    judged(judge, 2, { agree: 100 }, START + 3)
    expect(latency()).toBe('latency: its threshold is not chosen yet, it is at the end of the warm-up')
    judged(judge, 2, { agree: 100 }, START + 5)
    expect(latency()).toMatch(/^latency open: /)
  })

  test('never promotes when most copies were lost', () => {
    const { verdict, code } = judged(new ExperimentJudge(quickPlan()), 300, { agree: 40, dropped: 160 })
    expect(['PROMOTE', code === 'low_coverage' || code === 'coverage']).not.toEqual([verdict, false])
    expect(verdict).not.toBe('PROMOTE')
  })

  test('gives up an experiment that stays undecided', () => {
    const plan = quickPlan({ maxDurationMs: 30_000 })
    expect(judged(new ExperimentJudge(plan), 60, { agree: 1 }).verdict).toBe('EXPIRED')
  })

  test('judges no latency that the event loop was late for, and does again when that has passed', () => {
    const judge = new ExperimentJudge(quickPlan())
    const plain = { agree: 200, primaryUs: 20_000, shadowUs: 20_000 }
    expect(judged(judge, 6, { ...plain, lagUs: 50_000 }).code).not.toBe('event_loop_lag')
    expect(judged(judge, 8, { ...plain, lagUs: 5_000 }, START + 6)).toMatchObject({
      verdict: 'INVALID',
      code: 'event_loop_lag',
    })
    expect(judged(judge, 1_500, plain, START + 14).code).not.toBe('event_loop_lag')
  })

  test('takes no notice of an event loop that is late by less than a tenth of what is judged', () => {
    const pairs = { agree: 200, primaryUs: 20_000, shadowUs: 20_000, lagUs: 1_500 }
    expect(judged(new ExperimentJudge(quickPlan()), 60, pairs).verdict).toBe('PROMOTE')
  })
})

const gateOf = (judge: ExperimentJudge) => judge.look.gates.find(({ id }) => id === 'time_to_first_token')

/** Seconds of pairs of which so many are streams, with such times to their first tokens. */
function streamed(judge: ExperimentJudge, from: number, seconds: number, streams: number, shadowUs: number) {
  for (let i = from; i < from + seconds; i++) {
    const window = windowOf(START + i, { agree: 200 })
    for (let pair = 0; pair < streams; pair++) bumpLateness(window.counts.firstToken, 50_000, shadowUs)
    judge.take(START + i, [window])
  }
  return judge
}

describe('a judge of streams', () => {
  const quick = quickPlan()
  const plan = (thresholdUs: number | null = null) => ({
    ...quick,
    gates: { ...quick.gates, timeToFirstToken: { percentile: 99, maxIncrease: 0.005, thresholdUs } },
  })

  test('promotes a candidate whose first tokens are as early, and counts streams alone', () => {
    const judge = streamed(new ExperimentJudge(plan()), 0, 60, 40, 50_000)
    expect(judge.look.decision.verdict).toBe('PROMOTE')
    expect(gateOf(judge)).toMatchObject({ state: 'safe', n: 54 * 40 })
  })

  test('rolls back one whose first tokens are late although its answers end as soon', () => {
    const judge = streamed(new ExperimentJudge(plan()), 0, 10, 100, 50_000)
    streamed(judge, 10, 40, 100, 900_000)
    expect(judge.look.decision).toMatchObject({ verdict: 'ROLLBACK', code: 'harm' })
    expect(gateOf(judge)?.state).toBe('harm')
    expect(judge.look.gates.find(({ id }) => id === 'latency')?.state).not.toBe('harm')
  })

  test('waits with its threshold for 200 streams, whatever the latency gate has', () => {
    const judge = streamed(new ExperimentJudge(plan()), 0, 10, 10, 50_000)
    expect(judge.look.thresholdUs).not.toBeNull()
    expect([judge.look.firstTokenThresholdUs, gateOf(judge)?.n]).toEqual([null, 0])
    expect(gateOf(judge)?.reason).toBe(
      'time_to_first_token: its threshold is not chosen yet, 100 of 200 pairs of streams',
    )
    streamed(judge, 10, 10, 10, 50_000)
    expect(judge.look.firstTokenThresholdUs).toBeGreaterThanOrEqual(50_000)
    expect(gateOf(judge)?.n).toBe(0)
  })

  test('takes a threshold of the user from the end of the warm-up on', () => {
    const judge = streamed(new ExperimentJudge(plan(100_000)), 0, 8, 10, 50_000)
    expect(judge.look.firstTokenThresholdUs).toBeGreaterThanOrEqual(100_000)
    expect(gateOf(judge)?.n).toBe(3 * 10)
  })
})

describe('a judge of a canary', () => {
  const asked = quickPlan()
  const plan = {
    ...asked,
    gates: {
      agreement: null,
      errors: null,
      latency: null,
      timeToFirstToken: null,
      slowdown: null,
      canaryErrors: { maxRatio: 2, maxIncrease: 0.02 },
      canaryLatency: null,
    },
  }

  /** So many requests a second for each arm, of which these shares fail. */
  function served(seconds: number, percent: number, primaryFails: number, canaryFails: number, requests = 400) {
    const judge = new ExperimentJudge(plan)
    for (let i = 0; i < seconds; i++) {
      const window = windowOf(START + i, {})
      const canary = Math.round((requests * percent) / 100)
      const primary = requests - canary
      const arms = armsOf(
        percent,
        { requests: primary, errors: Math.round(primary * primaryFails), latency: { 3: primary } },
        { requests: canary, errors: Math.round(canary * canaryFails), latency: { 3: canary } },
      )
      judge.take(START + i, [{ ...window, counts: { ...window.counts, arms } }])
    }
    return judge.look.decision
  }

  test('promotes it for its clients alone, without a shadow', () => {
    expect(served(120, 50, 0.01, 0.01)).toMatchObject({ verdict: 'PROMOTE' })
  })

  test('rolls it back when its clients fail more often than those of the primary', () => {
    expect(served(120, 50, 0.01, 0.1)).toMatchObject({ verdict: 'ROLLBACK', code: 'harm' })
  })

  test('judges nothing when the arms do not get their share', () => {
    const judge = new ExperimentJudge(plan)
    for (let i = 0; i < 60; i++) {
      const window = windowOf(START + i, {})
      const half = { requests: 100, latency: { 3: 100 } }
      judge.take(START + i, [{ ...window, counts: { ...window.counts, arms: armsOf(20, half, half) } }])
    }
    expect(judge.look.decision).toMatchObject({ verdict: 'INVALID', code: 'sample_ratio' })
  })
})
