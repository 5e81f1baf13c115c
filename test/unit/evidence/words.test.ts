import { describe, expect, test } from 'vitest'
import { duration, grouped, percent, points, roughly, times } from '../../../src/evidence/words.ts'

describe('figures in plain words', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [12_345, '12 345'],
    [1e12, '1 000 000 000 000'],
  ])('a count of %d', (count, words) => expect(grouped(count)).toBe(words))

  test.each([
    [0, 'about 1'],
    [7, 'about 7'],
    [2_137, 'about 2 100'],
    [46_368, 'about 46 000'],
    [99_600, 'about 100 000'],
  ])('an estimate of %d', (count, words) => expect(roughly(count)).toBe(words))

  test.each([
    [0, '0 %'],
    [0.00012, '0.012 %'],
    [0.9912, '99.12 %'],
    [0.99991, '99.991 %'],
    [1, '100 %'],
  ])('a share of %d', (share, words) => expect(percent(share)).toBe(words))

  test.each([
    [0.002, '+0.2 points'],
    [-0.0123, '-1.23 points'],
    [0, '0 points'],
    [1e-9, '0 points'],
    [-1e-9, '0 points'],
  ])('a difference of %d', (difference, words) => expect(points(difference)).toBe(words))

  test.each([
    [1.5, 'x 1.5'],
    [0.0831, 'x 0.08'],
    [0.00001, 'x 0'],
  ])('a ratio of %d', (ratio, words) => expect(times(ratio)).toBe(words))

  test.each([
    [500, '1 s'],
    [90_000, '90 s'],
    [300_000, '5 min'],
    [86_400_000, '24 h'],
  ])('%d ms', (ms, words) => expect(duration(ms)).toBe(words))
})
