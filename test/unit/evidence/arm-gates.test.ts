import { describe, expect, test } from 'vitest'
import { armGate, type ArmMargin } from '../../../src/evidence/arm-gates.ts'
import type { ArmCounts } from '../../../src/evidence/counts.ts'
import type { Levels } from '../../../src/evidence/gate.ts'

const LEVELS: Levels = { harm: 0.01, safe: 0.05, interval: 0.05 }
const MARGIN: ArmMargin = { maxRatio: 1.1, maxIncrease: 0.005, frozenPrimaryRate: 0.005 }

/** Requests and errors of the canary, then of the primary. */
function stratum(rho: number, requests: number, errors: number, ofPrimary: number, errorsOfPrimary: number): ArmCounts {
  return {
    rho,
    canary: { requests, errors, slow: 0 },
    primary: { requests: ofPrimary, errors: errorsOfPrimary, slow: 0 },
  }
}

function errors(arms: readonly ArmCounts[], margin: Partial<ArmMargin> = {}) {
  return armGate('canary_errors', 'errors', arms, { ...MARGIN, ...margin }, LEVELS)
}

describe('harm to clients of a canary', () => {
  test('has no data without requests', () => {
    for (const arms of [[], [stratum(0.05, 0, 0, 1_000, 5)]]) {
      expect(errors(arms)).toMatchObject({
        state: 'no_data',
        estimate: null,
        reason: 'canary_errors: no canary requests yet',
      })
    }
  })

  test('is shown by the share of bad events that are the canary’s', () => {
    const gate = errors([stratum(0.05, 5_000, 125, 95_000, 475)])
    expect(gate.state).toBe('harm')
    expect(gate.estimate).toBeCloseTo(5, 1)
    expect(gate.reason).toMatch(/^canary_errors harm: 2.5 % of 5 000 canary requests, x 5 the primary's, between x /)
  })

  test('is not shown by an incident of both arms that falls in one step of a ramp', () => {
    // Pooled over the ramp, the canary fails on 9.8 % and the primary on 3.7 %.
    const ramp = [stratum(0.01, 1_000, 5, 99_000, 495), stratum(0.5, 50_000, 5_000, 50_000, 5_000)]
    const gate = errors(ramp)
    expect(gate.state).toBe('open')
    expect(gate.estimate).toBeCloseTo(1, 1)
  })

  test('can be bounded from below before the primary has failed at all', () => {
    const gate = errors([stratum(0.05, 100, 3, 1_900, 0)])
    expect(gate.estimate).toBeNull()
    expect(gate.interval[0]).toBeGreaterThan(1)
    expect(gate.interval[1]).toBeNull()
    expect(gate.reason).toContain("at least x 4.21 the primary's")
  })

  test('is not judged from strata that have one arm only', () => {
    expect(errors([stratum(1, 1_000, 900, 0, 0)]).logE.harm).toBeCloseTo(0, 12)
  })
})

describe('safety of clients of a canary', () => {
  test('is shown by its own share against the frozen one of the primary', () => {
    const gate = errors([stratum(0.5, 5_000, 10, 5_000, 25)])
    expect(gate.state).toBe('safe')
    expect(gate.reason).toMatch(
      /^canary_errors safe: 0.2 % of 5 000 .*, at most 1 % asked, \+0.5 points over the primary$/,
    )
  })

  test('waits for the primary’s share', () => {
    const gate = errors([stratum(0.5, 5_000, 10, 5_000, 25)], { frozenPrimaryRate: null })
    expect(gate.state).toBe('open')
    expect(gate.reason).toContain("the primary's share is not known yet")
  })

  test('says how many more canary requests it takes', () => {
    const gate = errors([stratum(0.5, 500, 2, 500, 2)])
    expect(gate.state).toBe('open')
    expect(gate.reason).toMatch(/^canary_errors open: about [\d ]+ more canary requests \(/)
  })
})

test('latency counts requests over the threshold instead of errors', () => {
  const slow = { requests: 1_000, errors: 0, slow: 200 }
  const arms = [{ rho: 0.5, canary: slow, primary: { requests: 1_000, errors: 100, slow: 10 } }]
  expect(armGate('canary_latency', 'slow', arms, MARGIN, LEVELS)).toMatchObject({ id: 'canary_latency', state: 'harm' })
})
