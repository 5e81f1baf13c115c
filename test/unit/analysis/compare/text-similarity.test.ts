import { describe, expect, test } from 'vitest'
import { editDistance } from '../../../../src/analysis/compare/edit-distance.ts'
import { numberedWords } from '../../../../src/analysis/compare/numbered-words.ts'
import { editRatio, textSimilarity } from '../../../../src/analysis/compare/text-similarity.ts'
import { normalised } from '../../../../src/analysis/compare/words.ts'
import { ample } from '../../../support/compare.ts'

function similarity(primary: string, shadow: string, isWhole = true) {
  return textSimilarity(primary, shadow, isWhole, ample())
}

const words = (text: string, other = '') => [...numberedWords(text, other, ample()).a]

describe('the similarity of texts', () => {
  test('golden values', () => {
    expect(editDistance('kitten', 'sitting', ample())).toBe(3)
    expect(editRatio('kitten', 'sitting', ample())).toBeCloseTo(0.5714286, 7)
    const { rougeL, tokenF1, sameWords } = similarity('police killed the gunman', 'police kill the gunman')
    expect(rougeL).toBeCloseTo(0.75, 12)
    expect(tokenF1).toBeCloseTo(0.75, 12)
    expect(sameWords).toBe(1)
    // The second example of the ROUGE paper: the same words, of which two stand in order.
    expect(similarity('police killed the gunman', 'the gunman kill police')).toMatchObject({
      rougeL: 0.5,
      tokenF1: 0.75,
    })
  })

  test('of nothing and something', () => {
    expect(similarity('', '')).toEqual({ rougeL: 1, tokenF1: 1, editRatio: 1, sameWords: 0 })
    expect(similarity('', 'a')).toEqual({ rougeL: 0, tokenF1: 0, editRatio: 0, sameWords: 0 })
  })

  test('counts a word as often as both have it', () => {
    expect(similarity('a a b', 'a c c').tokenF1).toBeCloseTo(1 / 3, 12)
  })

  test('looks at the beginning of long texts unless it decides', () => {
    const long = Array.from({ length: 2000 }, (_, i) => `w${i}`)
    const other = [...long.slice(0, 1900), ...Array.from({ length: 100 }, (_, i) => `x${i}`)]
    expect(similarity(long.join(' '), other.join(' '), false).rougeL).toBe(1)
    expect(similarity(long.join(' '), other.join(' '), true)).toMatchObject({ rougeL: 0.95, sameWords: 1900 })
  })
})

describe('normalised text', () => {
  test('is the same whatever the Unicode form, case and white space', () => {
    expect(normalised(' Ａ\u00a0Caf\u00e9\r\n\t x ')).toBe(normalised('a cafe\u0301 X'))
    expect(normalised(' \n ')).toBe('')
  })

  test('is split into words, and into characters where a script has no spaces', () => {
    expect(words('the end. the')).toEqual([0, 1, 0])
    expect(words('')).toEqual([])
    expect(words('我爱 node、我')).toEqual([0, 1, 2, 0])
    expect(words('ไทย')).toHaveLength(3)
    expect(numberedWords('a b', 'b c a', ample())).toMatchObject({
      a: Int32Array.of(0, 1),
      b: Int32Array.of(1, 2, 0),
      distinct: 3,
    })
  })
})
