import { describe, expect, test } from 'vitest'
import { Confusions } from '../../../src/analysis/confusions.ts'
import type { Comparison } from '../../../src/sinks/record.ts'
import { compare } from '../../support/compare.ts'
import { floats, labels, oipAnswer } from '../../support/oip.ts'

const answerOf = (...values: number[]) => oipAnswer([labels('label', values)])
const confusionsOf = (...comparisons: readonly Comparison[]) => {
  const confusions = new Confusions()
  for (const comparison of comparisons) confusions.add(comparison, [])
  return confusions.report()
}

describe('confusions', () => {
  test('count which label became which, row by row and most frequent first', () => {
    const flips = [compare(answerOf(5, 1, 7), answerOf(6, 1, 1)), compare(answerOf(5), answerOf(6))]
    expect(confusionsOf(...flips)).toEqual({
      pairs: [
        { path: '$.outputs[0].data[*]', primary: '5', shadow: '6', count: 2 },
        { path: '$.outputs[0].data[*]', primary: '7', shadow: '1', count: 1 },
      ],
      other: 0,
    })
  })

  test('count rows that a pair does not list as other', () => {
    const rows = 40
    const fives = Array.from({ length: rows }, () => 5)
    const { pairs, other } = confusionsOf(compare(answerOf(...fives), answerOf(...fives.map(() => 6))))
    const listed = pairs.reduce((sum, { count }) => sum + count, 0)
    expect(listed).toBeLessThan(rows)
    expect(listed + other).toBe(rows)
  })

  test('leave out what is no label, and answers that are no classes', () => {
    const mixed = oipAnswer([labels('label', [5]), floats('score', [1], [0.25])])
    const other = oipAnswer([labels('label', [6]), floats('score', [1], [0.75])])
    expect(confusionsOf(compare(mixed, other)).pairs.map(({ path }) => path)).toEqual(['$.outputs[0].data[*]'])
    expect(confusionsOf(compare('{"a":1}', '{"a":2}'))).toEqual({ pairs: [], other: 0 })
  })

  test('never hold a label that records must not have', () => {
    const confusions = new Confusions()
    confusions.add(compare(answerOf(5), answerOf(6)), [['outputs', { any: true }, 'data']])
    expect(confusions.report().pairs).toMatchObject([{ primary: '[redacted]', shadow: '[redacted]', count: 1 }])
  })

  test('stay bounded when a model invents labels, and lose none of the counts', () => {
    const confusions = new Confusions()
    for (let i = 0; i < 2_000; i++) confusions.add(compare(answerOf(i), answerOf(i + 1)), [])
    confusions.add(compare(answerOf(0), answerOf(1)), [])
    const { pairs, other } = confusions.report()
    expect(pairs).toHaveLength(100)
    expect(pairs[0]).toMatchObject({ primary: '0', shadow: '1', count: 2 })
    expect(pairs.reduce((sum, { count }) => sum + count, 0) + other).toBe(2_001)
  })
})
