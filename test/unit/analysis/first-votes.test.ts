import { describe, expect, test } from 'vitest'
import { FirstVotes } from '../../../src/analysis/first-votes.ts'

describe('the first request of a key', () => {
  test('is its vote, and no other one is', () => {
    const votes = new FirstVotes<string>()
    expect(['a', 'b', 'a', 'a', 'b'].map(key => votes.isFirst(key, true))).toEqual([true, true, false, false, false])
  })

  test('counts once more after the warm-up, because that is not judged', () => {
    const votes = new FirstVotes<string>()
    expect([false, false, true, true].map(isWarmedUp => votes.isFirst('a', isWarmedUp))).toEqual([
      true,
      false,
      true,
      false,
    ])
  })

  test('of the warm-up that comes late does not take the vote that is judged', () => {
    const votes = new FirstVotes<string>()
    expect(votes.isFirst('a', true)).toBe(true)
    expect(votes.isFirst('b', false)).toBe(false)
    expect(votes.isFirst('b', true)).toBe(true)
  })

  test('is remembered for as many keys as are kept; those forgotten are counted', () => {
    const votes = new FirstVotes<number>(100)
    for (let key = 0; key < 100; key++) expect(votes.isFirst(key, true)).toBe(true)
    expect(votes.forgotten).toBe(0)
    for (let key = 0; key < 100; key++) expect(votes.isFirst(key, true)).toBe(false)
    for (let key = 100; key < 300; key++) votes.isFirst(key, true)
    expect(votes.forgotten).toBe(200)
    expect(votes.isFirst(299, true)).toBe(false)
    expect(votes.isFirst(0, true)).toBe(true)
  })
})
