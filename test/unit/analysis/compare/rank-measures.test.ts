import { describe, expect, test } from 'vitest'
import { kendallTauB, overlapAt, rankBiasedOverlap } from '../../../../src/analysis/compare/rank-measures.ts'

/** Each letter is an item. */
const letters = (text: string): string[] => text.split('')

describe('rank-biased overlap', () => {
  test('golden values', () => {
    expect(rankBiasedOverlap(letters('abcde'), letters('bacfd'), 0.9)).toBeCloseTo(0.750555, 6)
    expect(rankBiasedOverlap(letters('abcde'), letters('abcde'), 0.9)).toBeCloseTo(1, 12)
    expect(rankBiasedOverlap(letters('abc'), letters('xyz'), 0.9)).toBe(0)
  })

  test('a ranking cut short is its own beginning: extrapolated, they are the same', () => {
    expect(rankBiasedOverlap(letters('abc'), letters('abcde'), 0.9)).toBeCloseTo(1, 12)
    expect(rankBiasedOverlap(letters('abcde'), letters('abc'), 0.9)).toBeCloseTo(1, 12)
  })

  test('nothing is like nothing, and unlike everything else', () => {
    expect(rankBiasedOverlap([], [], 0.9)).toBe(1)
    expect(rankBiasedOverlap([], ['a'], 0.9)).toBe(0)
  })
})

describe("Kendall's tau-b", () => {
  test('golden values', () => {
    expect(kendallTauB([1, 2, 3, 4, 5], [2, 1, 3, 5, 4])).toBeCloseTo(0.6, 12)
    expect(kendallTauB([1, 2, 3], [3, 2, 1])).toBe(-1)
    // Two pairs tied on one side each, one concordant pair of three: 2 / sqrt(2 * 3).
    expect(kendallTauB([1, 1, 2], [1, 2, 3])).toBeCloseTo(2 / Math.sqrt(6), 12)
  })

  test('is not known of ties alone', () => {
    expect(kendallTauB([1, 1], [1, 2])).toBeNaN()
    expect(kendallTauB([1], [1])).toBeNaN()
  })
})

test('overlap at k is the share of the first k that both have', () => {
  expect(overlapAt(3, letters('abcd'), letters('cbx'))).toBeCloseTo(2 / 3, 12)
  expect(overlapAt(10, letters('ab'), letters('abcd'))).toBe(0.5)
  expect(overlapAt(10, [], [])).toBe(1)
})
