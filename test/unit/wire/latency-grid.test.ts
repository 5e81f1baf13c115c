import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  LATENCY_BUCKETS,
  LATENCY_EDGES_US,
  latencyBucket,
  LOG_RATIO_BUCKETS,
  LOG_RATIO_EDGES,
  logRatioBucket,
} from '../../../src/wire/latency-grid.ts'

/** The bucket by its definition: the first edge that is not below the value. */
function bucketByDefinition(edges: readonly number[], value: number): number {
  const index = edges.findIndex(edge => value <= edge)
  return index === -1 ? edges.length : index
}

describe('the latency grid', () => {
  test('has 64 whole edges from 1 ms to 5 min, each larger than the one before', () => {
    expect(LATENCY_EDGES_US).toHaveLength(64)
    expect([LATENCY_EDGES_US[0], LATENCY_EDGES_US.at(-1), LATENCY_BUCKETS]).toEqual([1_000, 300_000_000, 65])
    for (let i = 1; i < 64; i++) {
      const [edge, before] = [LATENCY_EDGES_US[i] as number, LATENCY_EDGES_US[i - 1] as number]
      expect(Number.isInteger(edge)).toBe(true)
      expect(edge / before).toBeCloseTo(300_000 ** (1 / 63), 2)
    }
  })

  test('has edges that must never move: windows of other versions are counted on them', () => {
    expect(LATENCY_EDGES_US.slice(0, 5)).toEqual([1_000, 1_222, 1_492, 1_823, 2_227])
    expect(LATENCY_EDGES_US.slice(-3)).toEqual([201_022_370, 245_574_248, 300_000_000])
  })

  test('puts a latency on an edge into the bucket that ends there, and the next one above it', () => {
    LATENCY_EDGES_US.forEach((edge, i) => {
      expect([latencyBucket(edge), latencyBucket(edge + 1)]).toEqual([i, i + 1])
    })
  })

  test('has a place for nothing, for too much, and for what never came', () => {
    expect([0, 1, 300_000_001, 1e12, Infinity].map(latencyBucket)).toEqual([0, 0, 64, 64, 64])
  })

  test('puts any latency where its definition says, and longer ones never lower', () => {
    fc.assert(
      fc.property(fc.nat(400_000_000), fc.nat(400_000_000), (a, b) => {
        expect(latencyBucket(a)).toBe(bucketByDefinition(LATENCY_EDGES_US, a))
        expect(latencyBucket(Math.max(a, b))).toBeGreaterThanOrEqual(latencyBucket(Math.min(a, b)))
      }),
      { numRuns: 500 },
    )
  })
})

describe('the grid of log ratios', () => {
  test('has 33 edges from -4 to 4 in steps of a quarter', () => {
    expect(LOG_RATIO_EDGES).toEqual(Array.from({ length: 33 }, (_, i) => (i - 16) / 4))
    expect(LOG_RATIO_BUCKETS).toBe(34)
  })

  test('puts a ratio on an edge into the bucket that ends there, and the next one above it', () => {
    LOG_RATIO_EDGES.forEach((edge, i) => {
      expect([logRatioBucket(edge), logRatioBucket(edge + 1e-9)]).toEqual([i, i + 1])
    })
  })

  test('has a place for the extremes', () => {
    expect([-Infinity, -100, 100, Infinity].map(logRatioBucket)).toEqual([0, 0, 33, 33])
  })

  test('puts any ratio where its definition says', () => {
    fc.assert(
      fc.property(fc.double({ min: -6, max: 6, noNaN: true }), ratio => {
        // Closer to an edge than doubles of this size can tell apart from it: either side is right.
        fc.pre(LOG_RATIO_EDGES.every(edge => ratio === edge || Math.abs(ratio - edge) > 1e-12))
        expect(logRatioBucket(ratio)).toBe(bucketByDefinition(LOG_RATIO_EDGES, ratio))
      }),
      { numRuns: 500 },
    )
  })
})
