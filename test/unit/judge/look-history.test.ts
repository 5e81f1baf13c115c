import { describe, expect, test } from 'vitest'
import type { GateResult } from '../../../src/evidence/gate.ts'
import { ExperimentJudge } from '../../../src/judge/experiment-judge.ts'
import { LookHistory, LOOKS_KEPT, type LookHistoryState } from '../../../src/judge/look-history.ts'
import { quickPlan, START, windowOf } from '../../support/verdicts.ts'

const GATE: GateResult = {
  id: 'agreement',
  kind: 'pairs',
  n: 7,
  estimate: 0.9,
  interval: [0.8, null],
  margin: 0.99,
  logE: { harm: 1, safe: -1 },
  threshold: { harm: 5, safe: 3 },
  state: 'open',
  reason: 'agreement open',
  votesNeeded: null,
}

function historyOf(seconds: readonly number[]): LookHistory {
  const history = new LookHistory()
  for (const second of seconds) history.add(second, 'CONTINUE', [GATE])
  return history
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => START + i)
const secondsOf = (history: LookHistory): number[] => history.points.map(({ second }) => second)

describe('the history of looks', () => {
  test('keeps every look of a short experiment, with what it said of each gate', () => {
    const history = historyOf(range(LOOKS_KEPT))
    expect(secondsOf(history)).toEqual(range(LOOKS_KEPT))
    const gate = { id: 'agreement', n: 7, estimate: 0.9, lower: 0.8, upper: null, margin: 0.99, state: 'open' }
    expect(history.points[0]).toEqual({ second: START, verdict: 'CONTINUE', gates: [gate] })
  })

  test.each([LOOKS_KEPT + 1, 1_000, 86_400])('of %d seconds stays small, spread evenly, with the newest', count => {
    const seconds = secondsOf(historyOf(range(count)))
    expect(seconds.length).toBeLessThanOrEqual(LOOKS_KEPT)
    expect(seconds.length).toBeGreaterThanOrEqual(LOOKS_KEPT / 2)
    expect(seconds.at(-1)).toBe(START + count - 1)
    const gaps = seconds.slice(1).map((second, i) => second - (seconds[i] ?? 0))
    // The slot of the newest look is still filling.
    expect(new Set(gaps.slice(0, -1)).size).toBe(1)
    expect(seconds[0]).toBeLessThan(START + (gaps[0] ?? 0))
  })

  test('takes the later of two looks at one second', () => {
    const history = historyOf([START, START])
    history.add(START, 'PROMOTE', [])
    expect(history.points).toEqual([{ second: START, verdict: 'PROMOTE', gates: [] }])
  })

  test('stays small when traffic comes once an hour', () => {
    const seconds = secondsOf(historyOf(range(2_000).map(second => START + (second - START) * 3_600)))
    expect(seconds.length).toBeLessThanOrEqual(LOOKS_KEPT)
    expect(seconds.at(-1)).toBe(START + 1_999 * 3_600)
  })

  test('goes on after a restart as if there had been none', () => {
    const whole = historyOf(range(1_000))
    const first = JSON.stringify(historyOf(range(700)))
    const restored = LookHistory.restore(JSON.parse(first) as LookHistoryState)
    for (const second of range(1_000).slice(700)) restored.add(second, 'CONTINUE', [GATE])
    expect(JSON.stringify(restored)).toBe(JSON.stringify(whole))
  })
})

test('a judge adds each of its looks', () => {
  const judge = new ExperimentJudge(quickPlan())
  for (let i = 0; i < 60; i++) judge.take(START + i, [windowOf(START + i, { agree: 200 })])
  const { points } = judge.history
  expect(points.map(({ second }) => second)).toEqual(range(60))
  expect([points[0]?.verdict, points.at(-1)?.verdict]).toEqual(['CONTINUE', 'PROMOTE'])
  const [agreement] = judge.look.gates
  expect(points.at(-1)?.gates[0]).toMatchObject({ estimate: agreement?.estimate, lower: agreement?.interval[0] })
})
