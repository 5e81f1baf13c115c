import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lostCount } from '../../../src/evidence/coverage.ts'
import {
  coverageCounts,
  edgeAt,
  loopLagAtLeastUs,
  pairCounts,
  pairVotes,
  percentileEdge,
} from '../../../src/judge/evidence-counts.ts'
import { LATENCY_EDGES_US } from '../../../src/wire/latency-grid.ts'
import { bumpLatencies, emptyCounts } from '../../../src/wire/window.ts'
import { countsOf } from '../../support/windows.ts'

const RATIO = 1.1
const latency = fc.oneof(fc.integer({ min: 1, max: 400_000_000 }), fc.constant(Infinity))

describe('latency votes', () => {
  test('at any edge are those of looking at each pair, though windows count a pair before the edge is chosen', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(latency, latency), { maxLength: 60 }), fc.nat(63), (pairs, edge) => {
        const counts = emptyCounts()
        for (const [primary, shadow] of pairs) bumpLatencies(counts, primary, shadow, RATIO)
        const over = (us: number): boolean => us > (LATENCY_EDGES_US[edge] as number)
        const worse = pairs.filter(([primary, shadow]) => over(shadow) && !over(primary)).length
        const better = pairs.filter(([primary, shadow]) => over(primary) && !over(shadow)).length
        expect(pairCounts(counts, { all: counts, repeated: counts.repeated, edge }, null).latency).toEqual({
          worse,
          better,
          same: pairs.length - worse - better,
        })
      }),
    )
  })

  test('are none before there is a threshold', () => {
    const counts = emptyCounts()
    bumpLatencies(counts, 1_000, 900_000, RATIO)
    expect(pairCounts(counts, null, null).latency).toEqual({ worse: 0, same: 0, better: 0 })
  })
})

describe('pairs whose unit has voted', () => {
  test('are counted, and are votes on nothing', () => {
    const counts = countsOf({ pairs: 30, outcomes: { agree: 20, disagree: 6, shadow_error: 4 } })
    Object.assign(counts.repeated.outcomes, { agree: 5, disagree: 6, shadow_error: 1 })
    for (let i = 0; i < 12; i++) bumpLatencies(counts, 1_000, 900_000, RATIO)
    for (let i = 0; i < 2; i++) bumpLatencies(counts.repeated, 1_000, 900_000, RATIO)
    const votes = pairCounts(counts, { all: counts, repeated: counts.repeated, edge: 5 }, null)
    expect(pairVotes(counts)).toBe(18)
    expect(votes.agreement).toEqual({ agree: 15, disagree: 0 })
    expect(votes.errors).toEqual({ worse: 3, better: 0, same: 15 })
    expect(votes.latency).toEqual({ worse: 10, better: 0, same: 0 })
    expect(votes.slowdown).toEqual({ slower: 10, notSlower: 0 })
  })
})

describe('the votes of the other gates', () => {
  test('a failure of one leg is a vote on errors, none on agreement', () => {
    const outcomes = { agree: 90, disagree: 4, shadow_error: 3, primary_error: 2, both_error: 1, incomparable: 5 }
    const votes = pairCounts(countsOf({ pairs: 105, outcomes }), null, null)
    expect(votes.agreement).toEqual({ agree: 90, disagree: 4 })
    expect(votes.errors).toEqual({ worse: 3, better: 2, same: 100 })
  })

  test('a shadow that failed was slower, one beside a failed primary was not, and two failures say nothing', () => {
    const counts = emptyCounts()
    bumpLatencies(counts, 1_000, 1_100, RATIO)
    bumpLatencies(counts, 1_000, 1_101, RATIO)
    bumpLatencies(counts, 1_000, Infinity, RATIO)
    bumpLatencies(counts, Infinity, 1_000, RATIO)
    bumpLatencies(counts, Infinity, Infinity, RATIO)
    expect(pairCounts(counts, null, null).slowdown).toEqual({ slower: 2, notSlower: 2 })
  })

  test('what nobody asked to compare is not lost', () => {
    const counts = countsOf({ eligible: 5, sampled: 5, sent: 5, pairs: 5, incomparable: { compare_off: 5 } })
    expect(lostCount(coverageCounts(counts))).toBe(0)
  })

  test('everything that was not compared is lost, with its reason', () => {
    const counts = countsOf({ eligible: 20, sampled: 10, sent: 8, pairs: 7 })
    counts.dropped.in_flight = 2
    counts.unpaired.client_gone = 1
    counts.incomparable.too_large = 3
    const { lost, ...rest } = coverageCounts(counts)
    expect(rest).toEqual({ eligible: 20, sampled: 10, paired: 7, agree: 0, disagree: 0 })
    expect(lost).toMatchObject({ in_flight: 2, client_gone: 1, too_large: 3 })
  })
})

describe('the threshold', () => {
  test('is the first edge with no more than its share of latencies over it', () => {
    const counts = emptyCounts()
    for (let i = 0; i < 990; i++) bumpLatencies(counts, 2_000, 2_000, RATIO)
    for (let i = 0; i < 10; i++) bumpLatencies(counts, 50_000, 2_000, RATIO)
    const edge = percentileEdge(counts.latency.primary, 99) as number
    expect(LATENCY_EDGES_US[edge]).toBeGreaterThanOrEqual(2_000)
    expect(LATENCY_EDGES_US[edge - 1]).toBeLessThan(2_000)
    expect(LATENCY_EDGES_US[percentileEdge(counts.latency.primary, 99.5) as number]).toBeGreaterThanOrEqual(50_000)
  })

  test('is the last edge when everything failed, and none without latencies', () => {
    const counts = emptyCounts()
    for (let i = 0; i < 10; i++) bumpLatencies(counts, Infinity, Infinity, RATIO)
    expect(percentileEdge(counts.latency.primary, 99)).toBe(LATENCY_EDGES_US.length - 1)
    expect(percentileEdge({}, 99)).toBeNull()
  })

  test('of a user is the first edge that is not below it', () => {
    expect(edgeAt(1)).toBe(0)
    expect(LATENCY_EDGES_US[edgeAt(30_000)]).toBeGreaterThanOrEqual(30_000)
    expect(edgeAt(10 ** 12)).toBe(LATENCY_EDGES_US.length - 1)
  })
})

const LATE_US = LATENCY_EDGES_US[19] as number

/** So many seconds of twenty looks; `late` of all looks were in bucket 20, over LATE_US, the others in bucket 0. */
const shown = (seconds: number, late: number): number => loopLagAtLeastUs({ 0: seconds * 20 - late, 20: late })

describe('the lag of the event loop', () => {
  test('is nothing without looks, and nothing while the loop is on time', () => {
    expect(loopLagAtLeastUs({})).toBe(0)
    expect(shown(3_600, 0)).toBe(0)
  })

  test('is not shown by a pause, nor by one bad second, however soon one looks', () => {
    for (const seconds of [1, 2, 5, 60, 600]) {
      expect(shown(seconds, 1)).toBe(0)
      expect(shown(seconds, 20)).toBe(0)
    }
  })

  test('is shown when more than a hundredth of the time is late beyond doubt', () => {
    expect(shown(60, 60 * 2)).toBe(LATE_US)
    expect(shown(3_600, 3_600)).toBe(LATE_US)
  })

  test('is not shown when less than a hundredth is, for however long', () => {
    expect(shown(86_400, 86_400 * 0.19)).toBe(0)
  })

  test('is the lower edge of the bucket: what it surely exceeds', () => {
    expect(loopLagAtLeastUs({ 0: 1_000, 1: 200 })).toBe(1_000)
  })
})
