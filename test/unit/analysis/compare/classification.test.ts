import { describe, expect, test } from 'vitest'
import { argMax, jensenShannonBits, totalVariation } from '../../../../src/analysis/compare/classification.ts'
import { compare } from '../../../support/compare.ts'
import { floats, labels, oipAnswer } from '../../../support/oip.ts'

const P = [0.7, 0.2, 0.1]
const Q = [0.6, 0.25, 0.15]

const label = (digits: string) => `{"outputs":[{"name":"y","datatype":"INT64","shape":[1],"data":[${digits}]}]}`
const proba = (shape: readonly number[], data: readonly unknown[]) => oipAnswer([floats('proba', shape, data)])

describe('classification', () => {
  test('golden values of the distances', () => {
    expect(jensenShannonBits(P, Q, 0, 3)).toBeCloseTo(0.00841622, 8)
    expect(totalVariation(P, Q, 0, 3)).toBeCloseTo(0.1, 12)
    expect(jensenShannonBits([1, 0], [0, 1], 0, 2)).toBe(1)
    expect(jensenShannonBits(P, P, 0, 3)).toBe(0)
  })

  test('recognises probabilities, agrees on the largest, and measures the distance', () => {
    const { result, task, metrics, differences } = compare(proba([1, 3], P), proba([1, 3], Q))
    expect({ result, task, differences }).toEqual({ result: 'agree', task: 'classification', differences: [] })
    expect(metrics['jsd']).toBeCloseTo(0.00841622, 8)
    expect(metrics['total_variation']).toBeCloseTo(0.1, 12)
    expect(metrics['max_abs_change']).toBeCloseTo(0.1, 12)
    expect(metrics).toMatchObject({ rows: 1, flips: 0, toss_up_flips: 0 })
  })

  test('takes the lowest index of equals', () => {
    expect(argMax([0.4, 0.4, 0.2], 0, 3)).toBe(0)
    expect(compare(proba([1, 3], [0.4, 0.4, 0.2]), proba([1, 3], [0.41, 0.39, 0.2])).result).toBe('agree')
    expect(compare(proba([1, 3], [0.4, 0.4, 0.2]), proba([1, 3], [0.39, 0.41, 0.2])).result).toBe('disagree')
  })

  test('a batch agrees only when every row does; the difference names row and classes', () => {
    const primary = proba([2, 3], [P, [0.1, 0.45, 0.45]])
    const shadow = proba([2, 3], [Q, [0.1, 0.4, 0.5]])
    const { result, metrics, differences } = compare(primary, shadow)
    expect(result).toBe('disagree')
    expect(metrics).toMatchObject({ rows: 2, flips: 1, toss_up_flips: 1 })
    expect(differences).toEqual([{ path: '$.outputs[0].data[1]', kind: 'value', primary: 1, shadow: 2 }])
  })

  test('a flip of a sure class is no toss-up', () => {
    expect(compare(proba([3], P), proba([3], [0.2, 0.7, 0.1])).metrics).toMatchObject({ flips: 1, toss_up_flips: 0 })
  })

  test('measures the confidence of both sides, and of many classes how many of the best five are in common', () => {
    const { metrics } = compare(proba([1, 3], P), proba([1, 3], Q))
    expect(metrics).toMatchObject({ primary_confidence: 0.7, shadow_confidence: 0.6 })
    expect(metrics).not.toHaveProperty('top_5_overlap')
    const many = compare(
      proba([2, 7], [0.3, 0.2, 0.2, 0.1, 0.1, 0.06, 0.04, 1, 0, 0, 0, 0, 0, 0]),
      proba([2, 7], [0.3, 0.2, 0.04, 0.1, 0.1, 0.06, 0.2, 1, 0, 0, 0, 0, 0, 0]),
    )
    expect(many.metrics['top_5_overlap']).toBeCloseTo((4 / 5 + 1) / 2, 12)
  })

  test('lists the changes of class, those beyond the kept differences too', () => {
    const rows = Array.from({ length: 300 }, (_, row) => row)
    const {
      labels: flipped,
      metrics,
      differences,
    } = compare(
      oipAnswer([labels('y', rows)]),
      oipAnswer([
        labels(
          'y',
          rows.map(row => row + 1),
        ),
      ]),
    )
    expect(flipped?.[0]).toEqual({ path: '$.outputs[0].data', primary: '0', shadow: '1' })
    expect([flipped?.length, metrics['flips'], differences.length]).toEqual([256, 300, 32])
    expect(compare(proba([3], P), proba([3], Q)).labels).toBeUndefined()
  })

  test('compares labels as they read', () => {
    expect(compare(oipAnswer([labels('y', ['cat', 'dog'])]), oipAnswer([labels('y', ['cat', 'cow'])]))).toMatchObject({
      result: 'disagree',
      task: 'classification',
      differences: [{ path: '$.outputs[0].data[1]', kind: 'value', primary: 'dog', shadow: 'cow' }],
    })
    const withoutAxis = oipAnswer([{ name: 'y', datatype: 'INT64', shape: [2], data: [5, 6] }])
    const withAxis = oipAnswer([{ name: 'y', datatype: 'INT32', shape: [2, 1], data: [[5], [6]] }])
    expect(compare(withoutAxis, withAxis)).toMatchObject({ result: 'agree', metrics: { rows: 2, flips: 0 } })
  })

  test('keeps 64-bit labels apart that are one double', () => {
    expect(compare(label('9007199254740993'), label('9007199254740992'))).toMatchObject({
      result: 'disagree',
      differences: [{ primary: '9007199254740993', shadow: '9007199254740992' }],
    })
  })

  test('a row with NaN has no class: it agrees with another such row only', () => {
    const plan = { task: 'classification' } as const
    expect(compare(proba([3], [null, 1, 2]), proba([3], [0, 1, 2]), plan)).toMatchObject({
      result: 'disagree',
      differences: [{ primary: 'NaN', shadow: 2 }],
    })
    expect(compare(proba([3], [null, 1, 2]), proba([3], [null, 2, 1]), plan).result).toBe('agree')
  })

  describe('declared', () => {
    const plan = { task: 'classification' } as const

    test('takes the largest of scores that are no probabilities', () => {
      expect(compare(proba([1, 3], [-3, 8, 2]), proba([1, 3], [-1, 5, 4]), plan)).toMatchObject({
        result: 'agree',
        task: 'classification',
        metrics: { rows: 1, flips: 0 },
      })
    })

    test('takes one probability per row for two classes', () => {
      expect(compare(proba([2, 1], [0.4, 0.9]), proba([2, 1], [0.6, 0.8]), plan)).toMatchObject({
        result: 'disagree',
        differences: [{ path: '$.outputs[0].data[0]', primary: 0, shadow: 1 }],
      })
    })

    test('takes whole floats, as some servers write labels', () => {
      const primary = oipAnswer([{ name: 'y', datatype: 'INT64', shape: [2], data: [5, 6] }])
      expect(compare(primary, oipAnswer([floats('y', [2, 1], [5, 6])]), plan).result).toBe('agree')
    })

    test('finds the prediction in plain JSON', () => {
      const path = '/v1/models/m:predict'
      expect(compare('{"predictions":[5,6]}', '{"predictions":[5,7]}', plan, { path })).toMatchObject({
        result: 'disagree',
        task: 'classification',
        differences: [{ path: '$.predictions[1]', primary: 6, shadow: 7 }],
      })
      expect(
        compare('{"predictions":[[1,0],[0.2,0.8]]}', '{"predictions":[[0.9,0.1],[0.3,0.7]]}', plan, { path }),
      ).toMatchObject({
        result: 'agree',
        metrics: { rows: 2, flips: 0 },
      })
      expect(compare('"cat"', '"cow"', plan, { path })).toMatchObject({
        result: 'disagree',
        differences: [{ path: '$[0]' }],
      })
    })

    test('says so when there is nothing to classify', () => {
      expect(compare('{"text":"a"}', '{"text":"b"}', plan, { path: '/say' })).toMatchObject({
        result: 'incomparable',
        reason: 'wrong_task',
      })
      expect(compare(proba([2, 1], [3.5, 4]), proba([2, 1], [3, 4.5]), plan)).toMatchObject({ reason: 'wrong_task' })
    })
  })
})
