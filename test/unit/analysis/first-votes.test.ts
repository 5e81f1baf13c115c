import { describe, expect, test } from 'vitest'
import { FirstVotes } from '../../../src/analysis/first-votes.ts'

describe('the first request of a key', () => {
  test('is its vote, and no other one is', () => {
    const votes = new FirstVotes<string>(0)
    expect(['a', 'b', 'a', 'a', 'b'].map(key => votes.isFirst(key, 100))).toEqual([true, true, false, false, false])
  })

  test('counts once more after the warm-up, because that is not judged', () => {
    const votes = new FirstVotes<string>(10_000)
    expect(votes.isFirst('a', 100)).toBe(true)
    expect(votes.isFirst('a', 109)).toBe(false)
    expect(votes.isFirst('a', 110)).toBe(true)
    expect(votes.isFirst('a', 111)).toBe(false)
  })

  test('is remembered for as many keys as are kept; those forgotten are counted', () => {
    const votes = new FirstVotes<number>(0, 100)
    for (let key = 0; key < 100; key++) expect(votes.isFirst(key, 1)).toBe(true)
    expect(votes.forgotten).toBe(0)
    for (let key = 0; key < 100; key++) expect(votes.isFirst(key, 1)).toBe(false)
    for (let key = 100; key < 300; key++) votes.isFirst(key, 1)
    expect(votes.forgotten).toBe(200)
    expect(votes.isFirst(299, 1)).toBe(false)
    expect(votes.isFirst(0, 1)).toBe(true)
  })
})
