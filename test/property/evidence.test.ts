import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { conditionalLogE } from '../../src/evidence/conditional.ts'
import { meanInterval } from '../../src/evidence/confidence-sequence.ts'
import { boundedLogE } from '../../src/evidence/e-process.ts'
import type { Side } from '../../src/evidence/mixture.ts'
import { ratioInterval } from '../../src/evidence/risk-ratio.ts'
import { orderStrata, type Stratum } from '../../src/evidence/strata.ts'

const VALUES = [0, 0.25, 0.5, 0.75, 1]
/** From none to 10^12, small ones as often as large ones. */
const count = fc.oneof(
  fc.nat(10),
  fc.nat(10_000),
  fc.maxSafeNat().map(n => n % 1_000_000_000_001),
)
const counts = fc.tuple(count, count, count, count, count)
const bound = fc.double({ min: 1e-4, max: 1 - 1e-4, noNaN: true })
const side = fc.constantFrom<Side>('safe', 'harm')
const rho = fc.constantFrom(0.0001, 0.01, 0.05, 0.2, 0.5, 0.999)
const stratum: fc.Arbitrary<Stratum> = fc.record({ rho, canary: count, primary: count })
const strata = fc.array(stratum, { maxLength: 8 })
const margin = fc.double({ min: 0.1, max: 10, noNaN: true })

/** The rounding of a sum of terms this large. */
function slack(...logs: number[]): number {
  return 1e-9 * Math.max(1, ...logs.map(Math.abs))
}

function total(terms: readonly number[]): number {
  return terms.reduce((sum, n) => sum + n, 0)
}

function sum(parts: readonly (readonly number[])[]): number[] {
  return VALUES.map((_, j) => total(parts.map(part => part[j] as number)))
}

describe('the e-process of a bounded mean', () => {
  test('is finite at any counts and 0 without any', () => {
    fc.assert(
      fc.property(side, counts, bound, (side, counts, q) => {
        expect(boundedLogE(side, VALUES, counts, q)).toSatisfy(Number.isFinite)
        expect(boundedLogE(side, VALUES, [0, 0, 0, 0, 0], q)).toBeCloseTo(0, 12)
      }),
    )
  })

  test('bad votes raise harm and lower safe, good votes the reverse', () => {
    fc.assert(
      fc.property(counts, bound, fc.integer({ min: 1, max: 1e6 }), (counts, q, more) => {
        const bad = [...counts.slice(0, 4), counts[4] + more]
        const good = [counts[0] + more, ...counts.slice(1)]
        const harm = (each: readonly number[]) => boundedLogE('harm', VALUES, each, q)
        const safe = (each: readonly number[]) => boundedLogE('safe', VALUES, each, q)
        const rounding = (total(counts) + more) * 1e-13 + 1e-9
        expect(harm(bad)).toBeGreaterThanOrEqual(harm(counts) - rounding)
        expect(safe(bad)).toBeLessThanOrEqual(safe(counts) + rounding)
        expect(harm(good)).toBeLessThanOrEqual(harm(counts) + rounding)
        expect(safe(good)).toBeGreaterThanOrEqual(safe(counts) - rounding)
      }),
    )
  })

  test('is one for the sum of windows, to the last bit, in whatever order they were added', () => {
    const windows = fc.array(fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100), fc.nat(100), fc.nat(100)), {
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(windows, side, bound, fc.nat(), (parts, side, q, cut) => {
        const at = cut % parts.length
        const merged = sum([sum(parts.slice(at).toReversed()), sum(parts.slice(0, at))])
        expect(boundedLogE(side, VALUES, merged, q)).toBe(boundedLogE(side, VALUES, sum(parts), q))
      }),
    )
  })

  test('multiplies vote by vote on each component: votes one at a time are votes at once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 30 }), side, bound, (votes, side, q) => {
        // Values listed once for each vote, in order of arrival, against the counts of each value.
        const each = votes.map(vote => VALUES[vote] as number)
        const arrived = boundedLogE(
          side,
          each,
          votes.map(() => 1),
          q,
        )
        const counted = boundedLogE(
          side,
          VALUES,
          VALUES.map((_, j) => votes.filter(vote => vote === j).length),
          q,
        )
        expect(Math.abs(arrived - counted)).toBeLessThanOrEqual(slack(arrived, counted))
      }),
    )
  })
})

describe('the confidence sequence of a mean', () => {
  test('holds the mean, and its ends are where a side is rejected', () => {
    fc.assert(
      fc.property(counts, fc.constantFrom(0.01, 0.05, 0.2), (counts, alpha) => {
        const { n, mean, lower, upper } = meanInterval(VALUES, counts, alpha)
        expect([lower, upper].every(Number.isFinite)).toBe(true)
        if (n === 0) return expect({ mean, lower, upper }).toEqual({ mean: null, lower: 0, upper: 1 })
        expect(lower).toBeLessThanOrEqual(mean as number)
        expect(upper).toBeGreaterThanOrEqual(mean as number)
        const bar = Math.log(2 / alpha)
        const rounding = n * 1e-13 + 1e-6
        if (lower > 0) expect(boundedLogE('harm', VALUES, counts, lower)).toBeGreaterThanOrEqual(bar - rounding)
        if (upper < 1) expect(boundedLogE('safe', VALUES, counts, upper)).toBeGreaterThanOrEqual(bar - rounding)
      }),
    )
  })
})

describe('the conditional form of two arms', () => {
  test('is finite at any counts and 0 without any', () => {
    fc.assert(
      fc.property(side, strata, margin, (side, strata, margin) => {
        expect(conditionalLogE(side, orderStrata(strata), margin)).toSatisfy(Number.isFinite)
      }),
    )
    expect(conditionalLogE('harm', [], 1.1)).toBeCloseTo(0, 12)
  })

  test('bad events of the canary raise harm, those of the primary lower it', () => {
    fc.assert(
      fc.property(strata, rho, margin, fc.integer({ min: 1, max: 1e6 }), (strata, rho, margin, more) => {
        const harm = (each: readonly Stratum[]) => conditionalLogE('harm', orderStrata(each), margin)
        const rounding = strata.reduce((sum, { canary, primary }) => sum + canary + primary, more) * 1e-12 + 1e-9
        const before = harm(strata)
        expect(harm([...strata, { rho, canary: more, primary: 0 }])).toBeGreaterThanOrEqual(before - rounding)
        expect(harm([...strata, { rho, canary: 0, primary: more }])).toBeLessThanOrEqual(before + rounding)
      }),
    )
  })

  test('does not depend on the order or the splitting of strata, to the last bit', () => {
    fc.assert(
      fc.property(side, strata, margin, (side, strata, margin) => {
        const split = strata.flatMap(({ rho, canary, primary }) => [
          { rho, canary: Math.floor(canary / 3), primary },
          { rho, canary: canary - Math.floor(canary / 3), primary: 0 },
        ])
        const logE = (each: readonly Stratum[]) => conditionalLogE(side, orderStrata(each), margin)
        expect(logE(split.toReversed())).toBe(logE(strata))
      }),
    )
  })

  test('gives an interval that holds the estimate, and neither NaN nor Infinity', () => {
    fc.assert(
      fc.property(strata, strata => {
        const { estimate, lower, upper } = ratioInterval(orderStrata(strata), 0.05)
        for (const figure of [estimate, lower, upper]) expect(figure === null || Number.isFinite(figure)).toBe(true)
        if (estimate === null) return
        expect(lower).toBeLessThanOrEqual(estimate * (1 + 1e-9))
        if (upper !== null) expect(upper).toBeGreaterThanOrEqual(estimate * (1 - 1e-9))
      }),
    )
  })
})
