import { describe, expect, test } from 'vitest'
import { closeEnough } from '../../../../src/analysis/compare/numbers.ts'
import { compare } from '../../../support/compare.ts'
import { floats, labels, oipAnswer } from '../../../support/oip.ts'

const values = (data: readonly unknown[]) => oipAnswer([floats('y', [data.length], data)])
const tolerance = { absolute: 0.1, relative: 0.01 }

describe('regression', () => {
  test('the tolerance is absolute plus a share of the primary', () => {
    expect(closeEnough(100, 101.1, tolerance)).toBe(true)
    expect(closeEnough(100, 101.2, tolerance)).toBe(false)
    expect(closeEnough(-100, -101.1, tolerance)).toBe(true)
    expect(closeEnough(0, 0.2, tolerance)).toBe(false)
  })

  test('NaN equals NaN, -0 equals 0, and an infinity only itself', () => {
    expect(closeEnough(Number.NaN, Number.NaN, tolerance)).toBe(true)
    expect(closeEnough(Number.NaN, 1, tolerance)).toBe(false)
    expect(closeEnough(1, Number.NaN, tolerance)).toBe(false)
    expect(closeEnough(-0, 0, { absolute: 0, relative: 0 })).toBe(true)
    expect(closeEnough(Infinity, Infinity, tolerance)).toBe(true)
    expect(closeEnough(Infinity, -Infinity, tolerance)).toBe(false)
    expect(closeEnough(Infinity, 1e300, tolerance)).toBe(false)
  })

  test('recognises floats that are no probabilities, and measures the error', () => {
    const { result, task, metrics } = compare(values([10, -20, 0]), values([10.05, -20.1, 0]), { tolerance })
    expect({ result, task }).toEqual({ result: 'agree', task: 'regression' })
    expect(metrics['max_abs_error']).toBeCloseTo(0.1, 9)
    expect(metrics['mean_error']).toBeCloseTo(-0.05 / 3, 9)
    expect(metrics['max_relative_difference']).toBeCloseTo((2 * 0.1) / 40.1, 9)
    expect(metrics['values']).toBe(3)
  })

  test('one value out of tolerance is a disagreement at its place', () => {
    expect(compare(values([10, 20]), values([10, 21]), { tolerance })).toMatchObject({
      result: 'disagree',
      differences: [{ path: '$.outputs[0].data[1]', kind: 'value', primary: 20, shadow: 21 }],
    })
  })

  test('counts equal NaNs and keeps them out of the error', () => {
    const { result, metrics } = compare(values([null, 1]), values([null, 1.0001]), { tolerance })
    expect(result).toBe('agree')
    expect(metrics['equal_nans']).toBe(1)
    expect(metrics['max_abs_error']).toBeCloseTo(0.0001, 9)
  })

  test('declared, it takes integers for numbers, and every number of plain JSON', () => {
    const plan = { task: 'regression', tolerance } as const
    expect(compare(oipAnswer([labels('y', [1000])]), oipAnswer([labels('y', [1001])]), plan)).toMatchObject({
      result: 'agree',
      task: 'regression',
      metrics: { max_abs_error: 1 },
    })
    expect(compare('{"price":12.5,"unit":"eur"}', '{"price":13,"unit":"eur"}', plan, { path: '/p' })).toMatchObject({
      result: 'disagree',
      task: 'regression',
      metrics: { max_abs_error: 0.5, values: 1 },
      differences: [{ path: '$.price' }],
    })
  })

  test('declared, it does not apply to text', () => {
    const plan = { task: 'regression' } as const
    expect(compare(oipAnswer([labels('y', ['a'])]), oipAnswer([labels('y', ['b'])]), plan)).toMatchObject({
      reason: 'wrong_task',
    })
    expect(compare('{"a":"x"}', '{"a":"y"}', plan, { path: '/p' })).toMatchObject({ reason: 'wrong_task' })
  })
})
