import { describe, expect, test } from 'vitest'
import { NO_PAIRS, type ArmCounts, type PairCounts } from '../../../src/evidence/counts.ts'
import { evaluateGates, type DeclaredGate } from '../../../src/evidence/declared-gates.ts'
import { ALPHA, DEFAULT_GATES } from './verdict-input.ts'

const ALL: readonly DeclaredGate[] = [
  ...DEFAULT_GATES,
  { gate: 'agreement', belowNoise: 0.01 },
  { gate: 'slowdown', medianRatio: 1.1 },
  { gate: 'canary_errors', maxRatio: 1.1, maxIncrease: 0.005, frozenPrimaryRate: 0.01 },
  { gate: 'canary_latency', maxRatio: 1.5, maxIncrease: 0.005, frozenPrimaryRate: null },
]

function expectPlainNumbers(value: unknown): void {
  // JSON has neither NaN nor Infinity: they would come back as null.
  expect(JSON.parse(JSON.stringify(value))).toEqual(value)
}

describe('declared gates', () => {
  test('come back in their order, under their names', () => {
    expect(evaluateGates(ALL, NO_PAIRS, [], ALPHA).map(({ id }) => id)).toEqual([
      'agreement',
      'errors',
      'latency',
      'agreement',
      'slowdown',
      'canary_errors',
      'canary_latency',
    ])
  })

  test('share alpha.rollback evenly, and each has alpha.promote whole', () => {
    for (const { threshold } of evaluateGates(DEFAULT_GATES, NO_PAIRS, [], ALPHA)) {
      expect(threshold.harm).toBeCloseTo(Math.log(3 / 0.01), 12)
      expect(threshold.safe).toBeCloseTo(Math.log(1 / 0.05), 12)
    }
  })

  test('share alpha.rollback by weight where one is given', () => {
    const [agreement, ...others] = DEFAULT_GATES
    const weighted = [{ ...(agreement as DeclaredGate), weight: 2 }, ...others]
    const shares = evaluateGates(weighted, NO_PAIRS, [], ALPHA).map(({ threshold }) => Math.exp(-threshold.harm))
    expect(shares[0]).toBeCloseTo(0.005, 12)
    expect(shares[1]).toBeCloseTo(0.0025, 12)
    expect(shares[2]).toBeCloseTo(0.0025, 12)
  })

  test('without any count have no data, and no NaN', () => {
    const results = evaluateGates(ALL, NO_PAIRS, [], ALPHA)
    expect(results.every(({ state }) => state === 'no_data')).toBe(true)
    expectPlainNumbers(results)
  })

  test.each([1, 1e12])('are plain numbers at counts of %d', n => {
    const each = { worse: n, same: n, better: n }
    const pairs: PairCounts = {
      agreement: { agree: n, disagree: n },
      belowNoise: each,
      errors: each,
      latency: each,
      firstToken: each,
      slowdown: { slower: n, notSlower: n },
    }
    const outcomes = { requests: n, errors: n, slow: n }
    const arms: ArmCounts[] = [0, 0.0001, 0.5, 1].map(rho => ({ rho, canary: outcomes, primary: outcomes }))
    expectPlainNumbers(evaluateGates(ALL, pairs, arms, ALPHA))
  })

  test('of none are none', () => {
    expect(evaluateGates([], NO_PAIRS, [], ALPHA)).toEqual([])
  })
})
