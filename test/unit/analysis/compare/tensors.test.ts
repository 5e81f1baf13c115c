import { describe, expect, test } from 'vitest'
import { unitsInLastPlace } from '../../../../src/analysis/compare/units-in-last-place.ts'
import { ANY_CHILD } from '../../../../src/config/snapshot.ts'
import { compare } from '../../../support/compare.ts'
import { floats, labels, oipAnswer } from '../../../support/oip.ts'

const matrix = (data: readonly number[], datatype = 'FP32') =>
  oipAnswer([{ ...floats('m', [data.length / 2, 2], data), datatype }])
const tolerance = { absolute: 0.01, relative: 0 }

const column = (data: number[]) => oipAnswer([floats('y', [data.length, 1], data)])

const answer = (score: number) => oipAnswer([labels('y', [5]), floats('score', [1], [score])])

const field = (...path: (string | number)[]) => [
  { path: ['outputs', ...path], tolerance: { absolute: 1, relative: 0 }, order: 'list' } as const,
]

describe('units in the last place', () => {
  test('neighbours are one apart, whatever their size', () => {
    expect(unitsInLastPlace(1, 1 + 2 ** -52, 'FP64')).toBe(1)
    expect(unitsInLastPlace(1, 1 + 2 ** -23, 'FP32')).toBe(1)
    expect(unitsInLastPlace(1, 1 + 2 ** -10, 'FP16')).toBe(1)
    expect(unitsInLastPlace(1, 1 + 2 ** -7, 'BF16')).toBe(1)
    expect(unitsInLastPlace(2 ** 99, 2 ** 99 + 2 ** 47, 'FP64')).toBe(1)
    expect(unitsInLastPlace(65_504, Infinity, 'FP16')).toBe(1)
  })

  test('both zeroes are the same, and the way to the other sign leads through them', () => {
    expect(unitsInLastPlace(0, -0, 'FP32')).toBe(0)
    expect(unitsInLastPlace(5e-324, -5e-324, 'FP64')).toBe(2)
    expect(unitsInLastPlace(2 ** -149, -(2 ** -149), 'FP32')).toBe(2)
    expect(unitsInLastPlace(-(2 ** -24), 2 ** -24, 'FP16')).toBe(2)
  })

  test('NaN is only like NaN, and other datatypes have no such units', () => {
    expect(unitsInLastPlace(Number.NaN, Number.NaN, 'FP32')).toBe(0)
    expect(unitsInLastPlace(Number.NaN, 1, 'FP32')).toBeNaN()
    expect(unitsInLastPlace(1, 2, 'INT64')).toBeNaN()
  })
})

describe('tensors of unknown meaning', () => {
  test('agree when every value is within the tolerance, and measure how far apart they are', () => {
    const { result, task, metrics } = compare(matrix([10, -20, 3, 4]), matrix([10, -20, 3, 4.005]), { tolerance })
    expect({ result, task }).toEqual({ result: 'agree', task: 'tensors' })
    expect(metrics['max_abs_error']).toBeCloseTo(0.005, 9)
    expect(metrics['max_ulp']).toBe(Math.round(0.005 / 2 ** -21))
    expect(metrics['cosine']).toBeCloseTo(1, 6)
  })

  test('differ at the value that is out of tolerance, in shape and in datatype', () => {
    expect(compare(matrix([10, -20, 3, 4]), matrix([10, -20, 3, 4.5]), { tolerance })).toMatchObject({
      result: 'disagree',
      differences: [{ path: '$.outputs[0].data[3]', kind: 'value', primary: 4, shadow: 4.5 }],
    })
    expect(compare(matrix([10, -20, 3, 4]), matrix([10, -20]))).toMatchObject({ differences: [{ kind: 'size' }] })
    expect(compare(matrix([10, -20]), matrix([10, -20], 'FP64'))).toMatchObject({
      result: 'disagree',
      differences: [{ path: '$.outputs[0].data', kind: 'type', primary: 'FP32', shadow: 'FP64' }],
    })
  })

  test('one number in each row is a regression', () => {
    expect(compare(column([10, 20]), column([10, 20.005]), { tolerance })).toMatchObject({
      result: 'agree',
      task: 'regression',
      metrics: { primary_mean: 15, shadow_mean: 15.0025 },
    })
  })
})

describe('settings of single tensors', () => {
  test('hold for a tensor by its name or by its position', () => {
    expect(compare(answer(1.5), answer(2)).result).toBe('disagree')
    for (const path of [['score'], ['score', 'data'], [1], [1, 'data']]) {
      expect(compare(answer(1.5), answer(2), { fields: field(...path) }).result).toBe('agree')
    }
    expect(compare(answer(1.5), answer(2), { fields: field(0) }).result).toBe('disagree')
  })

  test('go before those of all tensors', () => {
    const all = { path: ['outputs', ANY_CHILD], tolerance: { absolute: 0, relative: 0 }, order: 'list' } as const
    expect(compare(answer(1.5), answer(2), { fields: [all, ...field('score')] }).result).toBe('agree')
  })
})
