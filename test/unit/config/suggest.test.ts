import { describe, expect, test } from 'vitest'
import { editDistance, suggest } from '../../../src/config/suggest.ts'

describe('edit distance', () => {
  test.each([
    ['percent', 'percent', 0],
    ['percnt', 'percent', 1],
    ['pecrent', 'percent', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ])('%s to %s is %i', (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits)
    expect(editDistance(b, a)).toBe(edits)
  })
})

describe('a suggestion', () => {
  test('is the nearest word', () => {
    expect(suggest('hedaers', ['header', 'headers', 'body'])).toBe('headers')
  })

  test('ignores case and completes', () => {
    expect(suggest('MAX_BODY', ['max_body'])).toBe('max_body')
    expect(suggest('warning', ['info', 'warn'])).toBe('warn')
    expect(suggest('max_in', ['max_body', 'max_in_flight'])).toBe('max_in_flight')
  })

  test('is not made up', () => {
    expect(suggest('zebra', ['listen', 'admin'])).toBeNull()
    expect(suggest('x', ['ca', 'a'])).toBeNull()
  })
})
