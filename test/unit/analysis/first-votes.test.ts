import { describe, expect, test } from 'vitest'
import { FirstVotes } from '../../../src/analysis/first-votes.ts'

describe('the first request of a key', () => {
  test('is its vote, and no other one is', () => {
    const votes = new FirstVotes<string>()
    expect(['a', 'b', 'a', 'a', 'b'].map(key => votes.isFirst(key))).toEqual([true, true, false, false, false])
  })

  test('is remembered for as many keys as are kept; those forgotten are counted', () => {
    const votes = new FirstVotes<number>(100)
    for (let key = 0; key < 100; key++) expect(votes.isFirst(key)).toBe(true)
    expect(votes.forgotten).toBe(0)
    for (let key = 0; key < 100; key++) expect(votes.isFirst(key)).toBe(false)
    for (let key = 100; key < 300; key++) votes.isFirst(key)
    expect(votes.forgotten).toBe(200)
    expect(votes.isFirst(299)).toBe(false)
    expect(votes.isFirst(0)).toBe(true)
  })
})
