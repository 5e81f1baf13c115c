import { describe, expect, test } from 'vitest'
import { findCrossing } from '../../../src/evidence/crossing.ts'

const cubic = (x: number): number => x ** 3 - 0.1

describe('a crossing', () => {
  test.each<[string, (x: number) => number, number, number, number]>([
    ['of a line', x => x - 0.25, 0, 1, 0.25],
    ['from above', x => 0.25 - x, 1, 0, 0.25],
    ['of a parabola', x => x * x - 2, 0, 2, Math.SQRT2],
    ['close to zero', x => x - 1e-12, 0, 1, 1e-12],
    ['of a cliff', x => 1e12 * (x - 0.3) ** 3, 0, 1, 0.3],
    ['of something that ends in infinity', x => -Math.log(x) - 5, 1, 0, Math.exp(-5)],
  ])('%s', (_name, f, negative, positive, expected) => {
    expect(Math.abs(findCrossing(f, negative, positive) / expected - 1)).toBeLessThan(1e-10)
  })

  test('takes few evaluations', () => {
    let evaluations = 0
    const f = (x: number) => {
      evaluations++
      return Math.expm1(x) - 1
    }
    findCrossing(f, 0, 1)
    expect(evaluations).toBeLessThan(15)
  })

  test('errs to the side that makes an interval longer', () => {
    expect(cubic(findCrossing(cubic, 0, 1))).toBeGreaterThanOrEqual(0)
  })
})
