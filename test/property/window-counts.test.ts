import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DROP_REASONS, INCOMPARABLE_REASONS, OUTCOMES, UNPAIRED_REASONS } from '../../src/wire/outcomes.ts'
import { addCounts, emptyCounts, type SparseHistogram, type WindowCounts } from '../../src/wire/window.ts'

const count = fc.nat(1_000_000)

function perWord<K extends string>(words: readonly K[]): fc.Arbitrary<Record<K, number>> {
  return fc
    .tuple(...words.map(() => count))
    .map(counts => Object.fromEntries(words.map((word, i) => [word, counts[i]])) as Record<K, number>)
}

const histogram: fc.Arbitrary<SparseHistogram> = fc
  .dictionary(fc.nat(64).map(String), fc.integer({ min: 1, max: 1_000 }))
  .map(entries => ({ ...entries }))

const crossings = fc.record({
  up: fc.record({ from: histogram, to: histogram }),
  down: fc.record({ from: histogram, to: histogram }),
})

const votes = {
  outcomes: perWord(OUTCOMES),
  latency: fc.record({ primary: histogram, shadow: histogram, logRatio: histogram }),
  crossings,
  firstToken: fc.record({ latency: fc.record({ primary: histogram, shadow: histogram }), crossings }),
  slowdown: fc.record({ pairs: count, slower: count }),
}

const arm = fc.record({ requests: count, errors: count, latency: histogram, repeats: count })

const counts: fc.Arbitrary<WindowCounts> = fc.record({
  eligible: count,
  sampled: count,
  sent: count,
  dropped: perWord(DROP_REASONS),
  pairs: count,
  stochastic: count,
  unpaired: perWord(UNPAIRED_REASONS),
  incomparable: perWord(INCOMPARABLE_REASONS),
  ...votes,
  noise: fc.record({ neither: count, shadow: count, control: count, both: count }),
  repeated: fc.record(votes),
  arms: fc.dictionary(fc.constantFrom('1', '5', '50'), fc.record({ primary: arm, canary: arm })),
  loopLag: histogram,
})

function sum(...terms: readonly WindowCounts[]): WindowCounts {
  const total = emptyCounts()
  for (const term of terms) addCounts(total, term)
  return total
}

describe('adding window counts', () => {
  test('is commutative', () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        expect(sum(a, b)).toEqual(sum(b, a))
      }),
    )
  })

  test('is associative', () => {
    fc.assert(
      fc.property(counts, counts, counts, (a, b, c) => {
        expect(sum(sum(a, b), c)).toEqual(sum(a, sum(b, c)))
      }),
    )
  })

  test('has empty counts as its zero', () => {
    fc.assert(
      fc.property(counts, a => {
        expect(sum(a)).toEqual(a)
        expect(sum(a, emptyCounts())).toEqual(a)
      }),
    )
  })

  test('loses no bucket of a histogram and leaves what is added as it was', () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const before = structuredClone(b)
        const total = sum(a, b)
        expect(b).toEqual(before)
        for (const leg of ['primary', 'shadow', 'logRatio'] as const) {
          for (let bucket = 0; bucket <= 64; bucket++) {
            const parts = (a.latency[leg][bucket] ?? 0) + (b.latency[leg][bucket] ?? 0)
            expect(total.latency[leg][bucket] ?? 0).toBe(parts)
          }
        }
      }),
    )
  })
})
