import { expect, test } from 'vitest'
import { percentileInterval } from '../../../src/evidence/percentile-interval.ts'

const EDGES = [1, 2, 4, 8]

test('nothing counted bounds nothing', () => {
  expect(percentileInterval(EDGES, [0, 0, 0, 0, 0], 99, 0.05)).toEqual({ n: 0, estimate: null, lower: 0, upper: null })
})

test('few values bound nothing', () => {
  expect(percentileInterval(EDGES, [0, 3, 0, 0, 0], 50, 0.05)).toEqual({ n: 3, estimate: 2, lower: 0, upper: null })
})

test('many values hold the percentile between two edges, although both of them are rejected', () => {
  expect(percentileInterval(EDGES, [0, 1e6, 0, 0, 0], 99, 0.05)).toMatchObject({ estimate: 2, lower: 1, upper: 2 })
})

test('an edge close to the percentile is held inside', () => {
  // 1 % of a thousand values are over 2: the 99th percentile may well be below or above.
  expect(percentileInterval(EDGES, [500, 490, 9, 1, 0], 99, 0.05)).toMatchObject({ estimate: 2, lower: 1 })
  const { upper } = percentileInterval(EDGES, [500, 490, 9, 1, 0], 99, 0.05)
  expect(upper).toBeGreaterThan(2)
})

test('values over the last edge have no upper bound', () => {
  expect(percentileInterval(EDGES, [0, 0, 0, 0, 1_000], 50, 0.05)).toMatchObject({
    estimate: null,
    lower: 8,
    upper: null,
  })
})

test('counts of 10^12 are as good as any', () => {
  expect(percentileInterval(EDGES, [1e12, 1e12, 1e12, 1e12, 0], 50, 0.05)).toMatchObject({ lower: 1, upper: 4 })
})
