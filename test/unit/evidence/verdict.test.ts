import { describe, expect, test } from 'vitest'
import { NO_PAIRS, type PairCounts } from '../../../src/evidence/counts.ts'
import { evaluateGates } from '../../../src/evidence/declared-gates.ts'
import { decide, type Verdict, type VerdictInput } from '../../../src/evidence/verdict.ts'
import { ALPHA, covered, DEFAULT_GATES, honestPairs, look, NO_COVERAGE } from './verdict-input.ts'

const harmful: PairCounts = { ...honestPairs(20_000), agreement: { agree: 18_000, disagree: 2_000 } }
/** More pairs that agree, after which the evidence of harm is gone again. */
const redeemed: PairCounts = { ...honestPairs(1e6), agreement: { agree: 1e6, disagree: 2_000 } }
/** Half an hour of seconds, first all good, then all bad. */
const dependentMeans = Array.from({ length: 1_800 }, (_, second) => (second < 900 ? 0 : 0.1))

describe('PROMOTE', () => {
  test('when every gate is safe and pairs, time and coverage suffice', () => {
    const decision = decide(look(20_000))
    expect(decision).toMatchObject({ verdict: 'PROMOTE', code: 'all_safe' })
    expect(decision.reason).toContain('agreement, errors, latency')
    expect(decision.reason).toContain('20 000 pairs in 60 min')
  })

  test('never while one gate is open, however safe the others are', () => {
    const counts = { ...honestPairs(20_000), latency: { worse: 480, same: 19_120, better: 400 } }
    const { verdict, code, reason } = decide(look(20_000, { counts }))
    expect({ verdict, code }).toEqual({ verdict: 'CONTINUE', code: 'open_gates' })
    expect(reason).toMatch(/^latency open: about [\d ]+ more pairs \(/)
  })

  test('never before min_pairs', () => {
    const decision = decide(look(20_000, { pairs: 499 }))
    expect(decision).toMatchObject({ verdict: 'CONTINUE', code: 'min_pairs', reason: '499 of at least 500 pairs' })
    expect(decide(look(20_000, { pairs: 500 })).verdict).toBe('PROMOTE')
  })

  test('never before min_duration', () => {
    const decision = decide(look(20_000, { elapsedMs: 300_000 }))
    expect(decision).toMatchObject({ verdict: 'CONTINUE', code: 'min_duration', reason: '5 min of at least 10 min' })
    expect(decide(look(20_000, { elapsedMs: 600_000 })).verdict).toBe('PROMOTE')
  })

  test('never under the coverage that is asked for', () => {
    const decision = decide(look(20_000, { coverage: covered(20_410, 20_000, 410), agreementAsked: null }))
    expect(decision).toMatchObject({ verdict: 'CONTINUE', code: 'low_coverage' })
    expect(decision.reason).toBe('coverage 97.99 % is below 98 %, most was lost to in_flight')
    expect(decide(look(20_000, { coverage: covered(20_400, 20_000, 400) })).verdict).toBe('PROMOTE')
  })

  test('never when 80 % of the copies were dropped, with or without an agreement gate', () => {
    const coverage = covered(100_000, 20_000, 80_000)
    expect(decide(look(20_000, { coverage })).verdict).toBe('INVALID')
    expect(decide(look(20_000, { coverage, agreementAsked: null })).verdict).toBe('CONTINUE')
  })

  test('stays when evidence weakens, until harm shows', () => {
    const { memory } = decide(look(20_000))
    const weak = { ...honestPairs(20_000), errors: { worse: 300, same: 19_400, better: 300 } }
    expect(decide(look(20_000, { counts: weak })).verdict).toBe('CONTINUE')
    const later = decide(look(20_000, { counts: weak, memory }))
    expect(later.verdict).toBe('PROMOTE')
    expect(later.reason).toMatch(/^every gate was safe before; now errors open: /)
    const harmed = decide(look(20_000, { counts: harmful, memory: later.memory }))
    expect(harmed.verdict).toBe('ROLLBACK')
    expect(harmed.memory.isPromoted).toBe(false)
  })

  test('does not wait for gates whose kind of evidence does not exist', () => {
    const declared = [
      ...DEFAULT_GATES,
      { gate: 'canary_errors' as const, maxRatio: 1.1, maxIncrease: 0.005, frozenPrimaryRate: null },
    ]
    const gates = evaluateGates(declared, honestPairs(20_000), [], ALPHA)
    expect(decide(look(20_000, { gates })).verdict).toBe('PROMOTE')
    expect(decide(look(20_000, { gates, canaryRequests: 10 })).verdict).toBe('CONTINUE')
  })

  test('asks for canary requests where there is no shadow', () => {
    const arms = [
      {
        rho: 0.5,
        canary: { requests: 5_000, errors: 5, slow: 0 },
        primary: { requests: 5_000, errors: 5, slow: 0 },
      },
    ]
    const declared = [{ gate: 'canary_errors' as const, maxRatio: 1.1, maxIncrease: 0.005, frozenPrimaryRate: 0.001 }]
    const gates = evaluateGates(declared, NO_PAIRS, arms, ALPHA)
    const none = { gates, pairs: 0, coverage: NO_COVERAGE, agreementAsked: null }
    expect(decide(look(0, { ...none, canaryRequests: 499 })).code).toBe('min_pairs')
    expect(decide(look(0, { ...none, canaryRequests: 5_000 })).verdict).toBe('PROMOTE')
  })

  test('never on the canary alone while every copy for the shadow is lost', () => {
    const arms = [
      {
        rho: 0.5,
        canary: { requests: 5_000, errors: 5, slow: 0 },
        primary: { requests: 5_000, errors: 5, slow: 0 },
      },
    ]
    const declared = [
      ...DEFAULT_GATES,
      { gate: 'canary_errors' as const, maxRatio: 1.1, maxIncrease: 0.005, frozenPrimaryRate: 0.001 },
    ]
    const gates = evaluateGates(declared, NO_PAIRS, arms, ALPHA)
    const coverage = covered(1_000, 0, 1_000)
    expect(decide(look(0, { gates, pairs: 0, coverage, canaryRequests: 5_000 })).verdict).toBe('CONTINUE')
  })
})

describe('ROLLBACK', () => {
  test('names the gate that showed harm, in words', () => {
    const { verdict, code, reason } = decide(look(20_000, { counts: harmful }))
    expect({ verdict, code }).toEqual({ verdict: 'ROLLBACK', code: 'harm' })
    expect(reason).toMatch(/^agreement harm: 90 %, between 8\d(\.\d+)? % and 90(\.\d+)? %, at least 99 % asked, 20 000/)
  })

  test('needs neither min_pairs nor min_duration', () => {
    const counts = { ...NO_PAIRS, agreement: { agree: 0, disagree: 20 } }
    expect(decide(look(20, { counts, elapsedMs: 61_000 })).verdict).toBe('ROLLBACK')
  })

  test('stays whatever comes later', () => {
    const { memory } = decide(look(20_000, { counts: harmful }))
    expect(decide(look(1e6, { counts: redeemed })).verdict).toBe('PROMOTE')
    const later = decide(look(1e6, { counts: redeemed, memory }))
    expect(later.verdict).toBe('ROLLBACK')
    expect(later.reason).toMatch(/^agreement showed harm before; now agreement safe: /)
  })

  test('names the gate that is furthest over when several are', () => {
    const counts = { ...harmful, errors: { worse: 20_000, same: 0, better: 0 } }
    expect(decide(look(20_000, { counts })).memory.rolledBackBy).toBe('errors')
  })
})

/** A thousand clients on either side; of the canary's so many were failed. */
const arms = (errors: number) => [
  {
    rho: 0.5,
    canary: { requests: 1_000, errors, slow: 0 },
    primary: { requests: 1_000, errors: 1, slow: 0 },
  },
]
const declared = [
  ...DEFAULT_GATES,
  { gate: 'canary_errors', maxRatio: 2, maxIncrease: 0.01, frozenPrimaryRate: 0.001 } as const,
]
const gatesWith = (errors: number) => evaluateGates(declared, honestPairs(20_000), arms(errors), ALPHA)

describe('INVALID', () => {
  const changed = { settingsChanged: true }

  test('comes before ROLLBACK and before PROMOTE', () => {
    expect(decide(look(20_000, changed)).verdict).toBe('INVALID')
    expect(decide(look(20_000, { ...changed, counts: harmful })).verdict).toBe('INVALID')
  })

  test('of the pairs alone does not hide harm to canary clients', () => {
    const lost = { coverage: covered(100_000, 20_000, 80_000) }
    const harmed = decide(look(20_000, { ...lost, gates: gatesWith(500) }))
    expect(harmed).toMatchObject({ verdict: 'ROLLBACK', code: 'harm', memory: { rolledBackBy: 'canary_errors' } })
    expect(decide(look(20_000, { ...lost, gates: gatesWith(1) })).verdict).toBe('INVALID')
    const later = decide(look(20_000, { ...lost, gates: gatesWith(1), memory: harmed.memory }))
    expect(later).toMatchObject({ verdict: 'ROLLBACK', reason: expect.stringMatching(/^canary_errors showed harm/) })
    for (const cause of [changed, { sampleRatio: { n: 1_000, logE: 9, threshold: 4.6, isBroken: true } }]) {
      expect(decide(look(20_000, { ...cause, gates: gatesWith(500) })).verdict).toBe('INVALID')
    }
  })

  test.each<[string, Partial<VerdictInput>]>([
    ['coverage', { coverage: covered(100_000, 20_000, 80_000) }],
    ['dependent_votes', { batchMeans: { agreement: dependentMeans } }],
    ['event_loop_lag', { loopLagUs: 1e6 }],
  ])('does not hide the rollback of an earlier look where harm may be its cause: %s', (code, cause) => {
    expect(decide(look(20_000, { ...cause, counts: harmful }))).toMatchObject({ verdict: 'INVALID', code })
    const { memory } = decide(look(20_000, { counts: harmful }))
    expect(decide(look(1e6, { ...cause, counts: redeemed, memory })).verdict).toBe('ROLLBACK')
  })

  test('hides the rollback of an earlier look, until it passes, where harm is no cause of it', () => {
    const { memory } = decide(look(20_000, { counts: harmful }))
    const failing = decide(look(1e6, { counts: redeemed, memory, comparator: { pairs: 1e6, failed: 2_000 } }))
    expect(failing).toMatchObject({ verdict: 'INVALID', code: 'comparator_failed' })
    expect(decide(look(1e6, { counts: redeemed, memory: failing.memory })).verdict).toBe('ROLLBACK')
    expect(decide(look(1e6, { counts: redeemed, memory, ...changed })).code).toBe('settings_changed')
    const sampleRatio = { n: 1_000, logE: 9, threshold: 4.6, isBroken: true }
    expect(decide(look(1e6, { counts: redeemed, memory, sampleRatio })).code).toBe('sample_ratio')
  })

  test('stays for changed settings and for a broken split', () => {
    const sampleRatio = { n: 1_000, logE: 9, threshold: 4.6, isBroken: true }
    for (const cause of [changed, { sampleRatio }]) {
      const first = decide(look(20_000, cause))
      expect(decide(look(20_000, { memory: first.memory }))).toMatchObject({ verdict: 'INVALID', code: first.code })
    }
  })

  test('passes with its cause otherwise', () => {
    const first = decide(look(20_000, { loopLagUs: 1e6 }))
    expect(first).toMatchObject({ verdict: 'INVALID', code: 'event_loop_lag' })
    expect(decide(look(20_000, { memory: first.memory })).verdict).toBe('PROMOTE')
  })
})

describe('CONTINUE and EXPIRED', () => {
  test('nothing counted at all is CONTINUE with a reason', () => {
    const decision = decide(look(0, { counts: NO_PAIRS, coverage: NO_COVERAGE }))
    expect(decision).toMatchObject({ verdict: 'CONTINUE', code: 'no_evidence' })
    expect(decision.reason).toBe('no traffic that a declared gate is about')
  })

  test('warm-up says how long it lasts', () => {
    const decision = decide(look(0, { counts: NO_PAIRS, coverage: NO_COVERAGE, elapsedMs: 37_000 }))
    expect(decision).toMatchObject({ verdict: 'CONTINUE', code: 'warm_up', reason: 'warm-up: 23 s left' })
  })

  test('a gate without votes is no safe gate', () => {
    const counts = { ...honestPairs(20_000), agreement: { agree: 0, disagree: 0 } }
    const decision = decide(look(20_000, { counts }))
    expect(decision).toMatchObject({ verdict: 'CONTINUE', code: 'no_evidence', reason: 'agreement: no pairs yet' })
  })

  test.each<[number, Verdict]>([
    [86_399_000, 'CONTINUE'],
    [86_400_000, 'EXPIRED'],
  ])('undecided after %d ms is %s', (elapsedMs, verdict) => {
    const decision = decide(look(100, { elapsedMs }))
    expect(decision.verdict).toBe(verdict)
    if (verdict === 'EXPIRED') expect(decision.reason).toMatch(/^undecided after 24 h: agreement open: about /)
  })

  test('harm and safety are still said after max_duration', () => {
    expect(decide(look(20_000, { elapsedMs: 1e9 })).verdict).toBe('PROMOTE')
    expect(decide(look(20_000, { elapsedMs: 1e9, counts: harmful })).verdict).toBe('ROLLBACK')
  })
})
