import { describe, expect, test } from 'vitest'
import { compare } from '../../../support/compare.ts'
import { floats, labels, oipAnswer } from '../../../support/oip.ts'

const plan = { task: 'ranking' } as const
const ranked = (primary: unknown, shadow: unknown) =>
  compare(JSON.stringify(primary), JSON.stringify(shadow), plan, { path: '/rerank' })

/** Each letter is an item. */
const letters = (text: string): string[] => text.split('')

const TEN = letters('abcdefghij')

const scored = (scores: number[]) => scores.map((score, index) => ({ index, score }))

const idTensor = (data: string[]) => oipAnswer([labels('ids', data)])

const scoreTensor = (data: (number | null)[]) => oipAnswer([floats('scores', [1, 3], data)])

describe('ranking', () => {
  test('agrees with the same first item and an overlap from 0.95 on, and measures', () => {
    const { result, task, metrics } = ranked(TEN, letters('abcdefghji'))
    expect({ result, task }).toEqual({ result: 'agree', task: 'ranking' })
    expect(metrics).toMatchObject({ rankings: 1, top_1_changes: 0, overlap_at_10: 1 })
    expect(metrics['kendall_tau_b']).toBeCloseTo(1 - 4 / 90, 12)
    expect(metrics['rbo']).toBeGreaterThan(0.99)
  })

  test('another first item disagrees, however alike the rest', () => {
    expect(ranked(TEN, letters('bacdefghij'))).toMatchObject({
      result: 'disagree',
      metrics: { top_1_changes: 1, overlap_at_10: 1 },
      differences: [{ path: '$', kind: 'order', primary: letters('abcdefgh'), shadow: letters('bacdefgh') }],
    })
  })

  test('the same first item with other ones behind it disagrees', () => {
    expect(ranked(TEN, letters('awvxyz'))).toMatchObject({
      result: 'disagree',
      metrics: { top_1_changes: 0, overlap_at_10: 0.1 },
      differences: [{ kind: 'value' }],
    })
  })

  test('the threshold is the one that is configured', () => {
    const thresholds = { cosine: 1, rbo: 0.7, similarity: null }
    const [primary, shadow] = [JSON.stringify(TEN), JSON.stringify(letters('acbdefghij'))]
    expect(compare(primary, shadow, { ...plan, thresholds: { ...thresholds, rbo: 0.99 } }, { path: '/r' }).result).toBe(
      'disagree',
    )
    expect(compare(primary, shadow, { ...plan, thresholds }, { path: '/r' }).result).toBe('agree')
  })

  test.each([
    [
      {
        results: [
          { index: 2, relevance_score: 0.9 },
          { index: 0, relevance_score: 0.1 },
        ],
      },
      '$.results',
    ],
    [
      [
        { index: 2, score: 0.9 },
        { index: 0, score: 0.1 },
      ],
      '$',
    ],
    [{ data: [{ id: 'x' }, { id: 'y' }] }, '$.data'],
    [{ predictions: [7, 3] }, '$.predictions'],
  ])('finds the ranking in %j', (answer, path) => {
    const turned = JSON.parse(JSON.stringify(answer), (_key, value: unknown) =>
      Array.isArray(value) ? value.toReversed() : value === 0.9 ? 0.05 : value,
    ) as unknown
    expect(ranked(answer, turned)).toMatchObject({ result: 'disagree', differences: [{ path, kind: 'order' }] })
  })

  test('takes scores for those of the items at their places', () => {
    expect(ranked([0.1, 0.9, 0.5], [0.2, 0.8, 0.6]).result).toBe('agree')
    expect(ranked([0.1, 0.9, 0.5], [0.1, 0.5, 0.9])).toMatchObject({
      result: 'disagree',
      differences: [{ path: '$', kind: 'order', primary: ['1', '2', '0'], shadow: ['2', '1', '0'] }],
    })
  })

  test('goes by the scores where the servers answer in the order of the request', () => {
    expect(ranked(scored([0.1, 0.9, 0.5]), scored([0.2, 0.8, 0.6])).result).toBe('agree')
    expect(ranked(scored([0.1, 0.9, 0.5]), scored([0.1, 0.5, 0.9]))).toMatchObject({
      result: 'disagree',
      differences: [{ primary: ['1', '2', '0'], shadow: ['2', '1', '0'] }],
    })
  })

  test('takes the rows of a table, each a ranking', () => {
    expect(
      ranked(
        [
          ['a', 'b'],
          ['c', 'd'],
        ],
        [
          ['a', 'b'],
          ['d', 'c'],
        ],
      ),
    ).toMatchObject({
      result: 'disagree',
      metrics: { rankings: 2, top_1_changes: 1 },
      differences: [{ path: '$[1]' }],
    })
    expect(ranked([['a']], [['a'], ['b']])).toMatchObject({ differences: [{ path: '$', kind: 'size' }] })
  })

  test('takes tensors of ids and of scores', () => {
    expect(compare(idTensor(['a', 'b', 'a']), idTensor(['b', 'a', 'b']), plan)).toMatchObject({
      result: 'disagree',
      task: 'ranking',
      differences: [{ path: '$.outputs[0].data', kind: 'order', primary: ['a', 'b'], shadow: ['b', 'a'] }],
    })
    expect(compare(scoreTensor([0.1, 7, 7]), scoreTensor([0.1, 9, 8]), plan)).toMatchObject({ result: 'agree' })
    // NaN is written as null, and ranks last.
    expect(compare(scoreTensor([3, null, 1]), scoreTensor([3, 0.5, 1]), plan)).toMatchObject({ result: 'agree' })
    expect(compare(scoreTensor([3, null, 1]), scoreTensor([3, 2, 1]), plan)).toMatchObject({
      metrics: { top_1_changes: 0 },
    })
  })

  test('empty rankings agree with each other only', () => {
    expect(ranked({ results: [], took: 1 }, { results: [], took: 2 }).result).toBe('agree')
    expect(ranked({ results: [] }, { results: ['a'] }).result).toBe('disagree')
  })

  test('of very many items is not compared, of many the first thousand are', () => {
    const many = Array.from({ length: 20_001 }, (_, i) => `i${i}`)
    expect(ranked(many, many.toReversed())).toMatchObject({ result: 'incomparable', reason: 'too_large' })
    const first = many.slice(0, 2000)
    expect(ranked(first, first.with(1999, 'other')).result).toBe('agree')
  })

  test('says so when there is no ranking', () => {
    expect(ranked({ text: 'a' }, { text: 'b' })).toMatchObject({ reason: 'wrong_task' })
    expect(ranked([{ score: 1 }], [{ score: 2 }])).toMatchObject({ reason: 'wrong_task' })
    expect(ranked([['a'], [{}]], [['b'], [{}]])).toMatchObject({ reason: 'wrong_task' })
  })
})
