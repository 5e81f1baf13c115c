import { describe, expect, test } from 'vitest'
import type { Levels } from '../../../src/evidence/gate.ts'
import {
  agreementBelowNoiseGate,
  agreementGate,
  errorsGate,
  latencyGate,
  scoreGate,
  slowdownGate,
} from '../../../src/evidence/paired-gates.ts'

const LEVELS: Levels = { harm: 0.0025, safe: 0.05, interval: 0.05 }

const stateAfter = (n: number) => agreementGate({ agree: 0.995 * n, disagree: 0.005 * n }, 0.99, LEVELS).state

describe('agreement of at least 99 %', () => {
  test('has no data without votes, and says so', () => {
    expect(agreementGate({ agree: 0, disagree: 0 }, 0.99, LEVELS)).toEqual({
      id: 'agreement',
      kind: 'pairs',
      n: 0,
      estimate: null,
      interval: [0, 1],
      margin: 0.99,
      logE: { harm: 0, safe: 0 },
      threshold: { harm: Math.log(400), safe: Math.log(20) },
      state: 'no_data',
      reason: 'agreement: no pairs yet',
      votesNeeded: null,
    })
  })

  test('is open while neither is shown, and says how many more pairs it takes', () => {
    const gate = agreementGate({ agree: 995, disagree: 5 }, 0.99, LEVELS)
    expect(gate.state).toBe('open')
    expect(gate.reason).toBe(
      'agreement open: about 1 600 more pairs (99.5 %, between 98.48 % and 99.93 %, at least 99 % asked)',
    )
  })

  test('estimates the missing pairs so that pairs like those so far suffice, and few less do not', () => {
    const { votesNeeded } = agreementGate({ agree: 995, disagree: 5 }, 0.99, LEVELS)
    expect(stateAfter(1_000 + (votesNeeded as number))).toBe('safe')
    expect(stateAfter(1_000 + 0.95 * (votesNeeded as number))).toBe('open')
  })

  test('is safe once that is shown', () => {
    const gate = agreementGate({ agree: 9_990, disagree: 10 }, 0.99, LEVELS)
    expect(gate).toMatchObject({ state: 'safe', n: 10_000, estimate: 0.999, votesNeeded: null })
    expect(gate.interval[0]).toBeGreaterThan(0.99)
    expect(gate.reason).toMatch(/^agreement safe: 99.9 %, between .* asked, 10 000 pairs$/)
  })

  test('is harm once that is shown', () => {
    const gate = agreementGate({ agree: 950, disagree: 50 }, 0.99, LEVELS)
    expect(gate).toMatchObject({ state: 'harm', estimate: 0.95 })
    expect(gate.interval[1]).toBeLessThan(0.99)
  })

  test('says until harm is shown when that is where the pairs drift', () => {
    const gate = agreementGate({ agree: 194, disagree: 6 }, 0.99, LEVELS)
    expect(gate.reason).toMatch(/^agreement open: about \d+ more pairs until harm is shown \(97 %/)
  })

  test('takes margins at the ends of their range', () => {
    expect(agreementGate({ agree: 1_000, disagree: 1 }, 1, LEVELS).state).toBe('harm')
    expect(agreementGate({ agree: 1_000, disagree: 0 }, 1, LEVELS).state).toBe('open')
    expect(agreementGate({ agree: 10, disagree: 990 }, 0, LEVELS).state).toBe('safe')
  })
})

describe('paired differences', () => {
  test('are shown as a difference of shares', () => {
    const gate = errorsGate({ worse: 30, same: 9_960, better: 10 }, 0.002, LEVELS)
    expect(gate).toMatchObject({ id: 'errors', n: 10_000, margin: 0.002 })
    expect(gate.estimate).toBeCloseTo(0.002, 12)
    expect(gate.interval[0]).toBeLessThan(0.002)
    expect(gate.interval[1]).toBeGreaterThan(0.002)
  })

  test('do not blame the candidate for failures of both', () => {
    expect(errorsGate({ worse: 0, same: 20_000, better: 0 }, 0.002, LEVELS).state).toBe('safe')
  })

  test('of a dead shadow are harm within 20 pairs', () => {
    expect(errorsGate({ worse: 20, same: 0, better: 0 }, 0.002, LEVELS).state).toBe('harm')
    expect(latencyGate({ worse: 20, same: 0, better: 0 }, 0.005, LEVELS).state).toBe('harm')
  })

  test('judge the time to the first token as a latency under its own name', () => {
    const gate = latencyGate({ worse: 0, same: 10_000, better: 0 }, 0.005, LEVELS, 'time_to_first_token')
    expect(gate).toMatchObject({ id: 'time_to_first_token', state: 'safe' })
    expect(gate.reason).toMatch(/^time_to_first_token safe: 0 points, between /)
  })
})

describe('agreement below the noise', () => {
  test('decides nothing before 500 exchanges have a control', () => {
    const few = agreementBelowNoiseGate({ worse: 400, same: 99, better: 0 }, 0.01, LEVELS)
    expect(few.logE.harm).toBeGreaterThan(few.threshold.harm)
    expect(few).toMatchObject({ state: 'open', votesNeeded: 1 })
    expect(agreementBelowNoiseGate({ worse: 401, same: 99, better: 0 }, 0.01, LEVELS).state).toBe('harm')
  })

  test('forgives a candidate what the primary does to itself', () => {
    const noisy = { worse: 4_000, same: 12_000, better: 4_000 }
    expect(agreementBelowNoiseGate(noisy, 0.05, LEVELS).state).toBe('safe')
  })
})

describe('slowdown', () => {
  test('asks whether over half of the pairs are slower by more than the ratio', () => {
    expect(slowdownGate({ slower: 700, notSlower: 300 }, 1.1, LEVELS).state).toBe('harm')
    expect(slowdownGate({ slower: 300, notSlower: 700 }, 1.1, LEVELS).state).toBe('safe')
    const even = slowdownGate({ slower: 500, notSlower: 500 }, 1.1, LEVELS)
    expect(even).toMatchObject({ state: 'open', estimate: 0.5, margin: 0.5 })
    expect(even.reason).toContain('50 % over x 1.1')
  })
})

describe('a bucketed score', () => {
  test('is counted at the upper edge of its bucket', () => {
    const gate = scoreGate([0.25, 0.5, 0.75, 1], [1_000, 0, 0, 0], 0.3, LEVELS)
    expect(gate).toMatchObject({ state: 'safe', estimate: 0.25 })
    expect(scoreGate([0.25, 0.5, 0.75, 1], [0, 1_000, 0, 0], 0.3, LEVELS).state).toBe('harm')
  })
})
