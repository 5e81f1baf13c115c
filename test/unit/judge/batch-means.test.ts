import { describe, expect, test } from 'vitest'
import { NO_PAIRS, type PairCounts } from '../../../src/evidence/counts.ts'
import { BatchMeans } from '../../../src/judge/batch-means.ts'

const votes = (changes: Partial<PairCounts>): PairCounts => ({ ...NO_PAIRS, ...changes })

describe('the means of batches', () => {
  test('are the badness of the votes of each second, in order', () => {
    const means = new BatchMeans(['agreement', 'errors'])
    means.add(votes({ agreement: { agree: 9, disagree: 1 }, errors: { worse: 2, same: 7, better: 1 } }))
    means.add(votes({ agreement: { agree: 1, disagree: 1 } }))
    expect(means.all).toEqual({ agreement: [0.1, 0.5], errors: [0.1] })
  })

  test('are kept of declared gates only: what nobody asks cannot make the evidence useless', () => {
    const means = new BatchMeans(['agreement'])
    means.add(votes({ slowdown: { slower: 1, notSlower: 0 }, agreement: { agree: 1, disagree: 0 } }))
    expect(means.all).toEqual({ agreement: [0] })
  })

  test('are bounded', () => {
    const means = new BatchMeans(['agreement'])
    for (let i = 0; i < 20_000; i++) means.add(votes({ agreement: { agree: 1, disagree: 1 } }))
    expect(means.all['agreement']?.length).toBeLessThanOrEqual(7_200)
  })
})
