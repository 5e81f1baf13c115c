import { describe, expect, test } from 'vitest'
import { vectorDistance } from '../../../../src/analysis/compare/vector-distance.ts'
import { compare, comparePayloads } from '../../../support/compare.ts'
import { embeddings } from '../../../support/generations.ts'
import { floats, labels, oipAnswer } from '../../../support/oip.ts'

const plan = { task: 'embedding' } as const

describe('the distance of two vectors', () => {
  test('golden values', () => {
    const { cosine, l2, normRatio } = vectorDistance([1, 2, 3], 0, [2, 3, 4], 0, 3)
    expect(cosine).toBeCloseTo(0.9925833, 7)
    expect(l2).toBeCloseTo(Math.sqrt(3), 12)
    expect(normRatio).toBeCloseTo(Math.sqrt(29 / 14), 12)
  })

  test('has no cosine without a direction', () => {
    for (const odd of [
      [0, 0],
      [Number.NaN, 1],
      [Infinity, 1],
      [1e200, 1e200],
    ]) {
      expect(vectorDistance([1, 1], 0, odd, 0, 2).cosine).toBeNaN()
    }
  })
})

describe('embedding', () => {
  test('agrees from the least cosine on, and measures', () => {
    const [primary, shadow] = [embeddings([1, 2, 3], [1, 0, 0]), embeddings([2, 3, 4], [2, 0, 0])]
    const { result, task, metrics } = comparePayloads(primary, shadow, {
      thresholds: { cosine: 0.9925, rbo: 1, similarity: null },
    })
    expect({ result, task }).toEqual({ result: 'agree', task: 'embedding' })
    expect(metrics['min_cosine']).toBeCloseTo(0.9925833, 7)
    expect(metrics['cosine']).toBeCloseTo((1 + 0.9925833) / 2, 7)
    expect(metrics['l2']).toBeCloseTo((Math.sqrt(3) + 1) / 2, 12)
    expect(metrics).toMatchObject({ vectors: 2 })
    expect(comparePayloads(primary, shadow)).toMatchObject({
      result: 'disagree',
      differences: [{ path: '$.data[0].embedding', kind: 'value', primary: [1, 2, 3], shadow: [2, 3, 4] }],
    })
  })

  test('takes single precision and lists of numbers for the same', () => {
    const values = Array.from({ length: 1536 }, (_, i) => Math.sin(i))
    expect(comparePayloads(embeddings(values), embeddings(Float32Array.from(values)))).toMatchObject({
      result: 'agree',
      metrics: { vectors: 1 },
    })
  })

  test('another dimension or number of vectors is a difference of size', () => {
    expect(comparePayloads(embeddings([1, 2]), embeddings([1, 2, 3]))).toMatchObject({
      result: 'disagree',
      differences: [{ path: '$.data[0].embedding', kind: 'size', primary: 2, shadow: 3 }],
    })
    expect(comparePayloads(embeddings([1], [2]), embeddings([1]))).toMatchObject({
      differences: [{ path: '$.data', kind: 'size', primary: 2, shadow: 1 }],
    })
    expect(comparePayloads(embeddings(), embeddings()).result).toBe('agree')
  })

  test('vectors without a direction agree with the same values only', () => {
    expect(comparePayloads(embeddings([0, 0]), embeddings([0, -0])).result).toBe('agree')
    expect(comparePayloads(embeddings([0, 0]), embeddings([1, 0])).result).toBe('disagree')
    expect(comparePayloads(embeddings([1, 0]), embeddings([0, 0])).result).toBe('disagree')
    expect(comparePayloads(embeddings([Number.NaN]), embeddings([Number.NaN])).result).toBe('agree')
    expect(comparePayloads(embeddings([1e-200]), embeddings([-1e-200])).result).toBe('disagree')
  })

  describe('declared', () => {
    test('takes the rows of a float tensor', () => {
      const primary = oipAnswer([floats('e', [2, 2], [1, 0, 0, 1])])
      expect(compare(primary, oipAnswer([floats('e', [2, 2], [2, 0, 0, 3])]), plan)).toMatchObject({
        result: 'agree',
        task: 'embedding',
        metrics: { vectors: 2 },
      })
      expect(compare(primary, oipAnswer([floats('e', [2, 2], [1, 0, 1, 0])]), plan)).toMatchObject({
        result: 'disagree',
        differences: [{ path: '$.outputs[0].data', kind: 'value' }],
        metrics: { min_cosine: 0 },
      })
    })

    test.each([
      ['[[1,2],[3,4]]', '[[1,2],[30,40]]', 2],
      ['[1,2,3]', '[2,4,6]', 1],
      ['{"embeddings":[[1,2]],"took":1}', '{"embeddings":[[2,4]],"took":2}', 1],
      ['{"embedding":[1,2]}', '{"embedding":[2,4]}', 1],
      ['{"data":[{"embedding":[1,2]}]}', '{"data":[{"embedding":[2,4]}]}', 1],
      ['{"predictions":[[1,2]]}', '{"predictions":[[2,4]]}', 1],
    ])('finds the vectors in %s', (primary, shadow, vectors) => {
      expect(compare(primary, shadow, plan, { path: '/embed' })).toMatchObject({
        result: 'agree',
        task: 'embedding',
        metrics: { vectors },
      })
    })

    test('names where a vector differs', () => {
      expect(
        compare('{"embeddings":[[1,0],[0,1]]}', '{"embeddings":[[1,0],[1,0]]}', plan, { path: '/e' }),
      ).toMatchObject({
        differences: [{ path: '$.embeddings[1]', kind: 'value' }],
      })
    })

    test('says so when there are no vectors', () => {
      expect(compare('{"text":"a"}', '{"text":"b"}', plan, { path: '/e' })).toMatchObject({ reason: 'wrong_task' })
      expect(compare('[1,"a"]', '[1,"b"]', plan, { path: '/e' })).toMatchObject({ reason: 'wrong_task' })
      expect(compare(oipAnswer([labels('y', [1])]), oipAnswer([labels('y', [2])]), plan)).toMatchObject({
        reason: 'wrong_task',
      })
      expect(comparePayloads(embeddings([1]), embeddings([1]), { task: 'classification' })).toMatchObject({
        reason: 'wrong_task',
      })
    })
  })
})
