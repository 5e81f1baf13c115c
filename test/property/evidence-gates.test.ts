import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ArmCounts, PairCounts } from '../../src/evidence/counts.ts'
import { evaluateGates, type DeclaredGate } from '../../src/evidence/declared-gates.ts'
import { GATE_STATES, type GateState } from '../../src/evidence/gate.ts'
import { percentileInterval } from '../../src/evidence/percentile-interval.ts'
import { sampleRatio } from '../../src/evidence/sample-ratio.ts'

const DECLARED: readonly DeclaredGate[] = [
  { gate: 'agreement', min: 0.99 },
  { gate: 'agreement', belowNoise: 0.01 },
  { gate: 'errors', maxIncrease: 0.002 },
  { gate: 'latency', maxIncrease: 0.005 },
  { gate: 'slowdown', medianRatio: 1.1 },
  { gate: 'canary_errors', maxRatio: 1.1, maxIncrease: 0.005, frozenPrimaryRate: 0.01 },
  { gate: 'canary_latency', maxRatio: 1.5, maxIncrease: 0.005, frozenPrimaryRate: null },
]
const ALPHA = { rollback: 0.01, promote: 0.05 }

const difference = (count: fc.Arbitrary<number>) => fc.record({ worse: count, same: count, better: count })

function pairCounts(count: fc.Arbitrary<number>): fc.Arbitrary<PairCounts> {
  return fc.record({
    agreement: fc.record({ agree: count, disagree: count }),
    belowNoise: difference(count),
    errors: difference(count),
    latency: difference(count),
    firstToken: difference(count),
    slowdown: fc.record({ slower: count, notSlower: count }),
  })
}

function armCounts(count: fc.Arbitrary<number>): fc.Arbitrary<ArmCounts[]> {
  const arm = fc
    .record({ requests: count, errors: count, slow: count })
    .map(({ requests, errors, slow }) => ({ requests: requests + errors + slow, errors, slow }))
  return fc.array(fc.record({ rho: fc.constantFrom(0, 0.01, 0.05, 0.5, 1), canary: arm, primary: arm }), {
    maxLength: 6,
  })
}

/** Adds plain nested counts field by field, as the ledger adds windows. */
function add<T extends object>(a: T, b: T): T {
  return Object.fromEntries(
    Object.entries(a).map(([key, value]: [string, unknown]) => {
      const other = b[key as keyof T] as unknown
      return [key, typeof value === 'number' ? value + (other as number) : add(value as object, other as object)]
    }),
  ) as T
}

function sum(parts: readonly PairCounts[]): PairCounts {
  return parts.reduce((a, b) => add(a, b))
}

function agreementState(counts: PairCounts): GateState | undefined {
  return evaluateGates([{ gate: 'agreement', min: 0.99 }], counts, [], ALPHA)[0]?.state
}

function orInfinity(end: number | null): number {
  return end ?? Infinity
}

const small = fc.nat(1_000)
const any = fc.oneof(
  small,
  fc.nat(1_000_000).map(n => n * 1_000_000),
)

test('gates are one for the sum of windows, to the last bit, in whatever order and grouping they were added', () => {
  const windows = fc.array(pairCounts(small), { minLength: 2, maxLength: 10 })
  fc.assert(
    fc.property(windows, armCounts(small), fc.nat(), (windows, arms, cut) => {
      const at = 1 + (cut % (windows.length - 1))
      const whole = evaluateGates(DECLARED, sum(windows), arms, ALPHA)
      const merged = add(sum(windows.slice(at).toReversed()), sum(windows.slice(0, at)))
      expect(evaluateGates(DECLARED, merged, arms.toReversed(), ALPHA)).toEqual(whole)
    }),
  )
})

test('strata may come in pieces', () => {
  fc.assert(
    fc.property(armCounts(small), armCounts(small), (a, b) => {
      const merged = new Map<number, ArmCounts>()
      for (const each of [...a, ...b]) {
        const before = merged.get(each.rho)
        merged.set(each.rho, before === undefined ? each : { ...add(before, each), rho: each.rho })
      }
      const whole = [...merged.values()]
      expect(sampleRatio([...b, ...a], 0.01)).toEqual(sampleRatio(whole, 0.01))
    }),
  )
})

test('every figure of a gate is finite or null at any counts, and its words hold no NaN', () => {
  const noPairs = pairCounts(fc.constant(0))
  fc.assert(
    fc.property(fc.oneof(noPairs, pairCounts(any)), armCounts(any), (pairs, arms) => {
      for (const gate of evaluateGates(DECLARED, pairs, arms, ALPHA)) {
        const { n, estimate, interval, margin, logE, threshold, votesNeeded } = gate
        const figures = [n, margin, logE.harm, logE.safe, threshold.harm, threshold.safe, interval[0]]
        expect(figures.every(Number.isFinite)).toBe(true)
        for (const each of [estimate, interval[1], votesNeeded]) {
          expect(each === null || Number.isFinite(each)).toBe(true)
        }
        expect(GATE_STATES).toContain(gate.state)
        expect(gate.reason).not.toMatch(/NaN|Infinity|undefined|null/)
        if (gate.state === 'no_data') expect(n).toBe(0)
      }
    }),
  )
})

test('more bad votes never turn harm into anything else, more good ones never safety', () => {
  fc.assert(
    fc.property(pairCounts(small), fc.integer({ min: 1, max: 1_000 }), (pairs, more) => {
      const { agree, disagree } = pairs.agreement
      const worse = agreementState({ ...pairs, agreement: { agree, disagree: disagree + more } })
      const better = agreementState({ ...pairs, agreement: { agree: agree + more, disagree } })
      if (agreementState(pairs) === 'harm') expect(worse).toBe('harm')
      if (agreementState(pairs) === 'safe') expect(better).toBe('safe')
    }),
  )
})

test('a percentile lies between its ends, and more of the same narrows them', () => {
  const edges = [1, 2, 4, 8, 16, 32]
  const histogram = fc.array(fc.nat(500), { minLength: edges.length + 1, maxLength: edges.length + 1 })
  fc.assert(
    fc.property(histogram, fc.constantFrom(50, 90, 99), (counts, percentile) => {
      const few = percentileInterval(edges, counts, percentile, 0.05)
      const many = percentileInterval(
        edges,
        counts.map(n => n * 100),
        percentile,
        0.05,
      )
      expect(few.lower).toBeLessThanOrEqual(orInfinity(few.estimate))
      expect(orInfinity(few.upper)).toBeGreaterThanOrEqual(orInfinity(few.estimate))
      expect(many.lower).toBeGreaterThanOrEqual(few.lower)
      expect(orInfinity(many.upper)).toBeLessThanOrEqual(orInfinity(few.upper))
    }),
  )
})
