import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasLongInteger } from '../../src/analysis/payloads/long-integer.ts'

/** The same in one line, for short texts. */
const LONG_INTEGER = /(?:^|[^\d.])\d{16,}(?![\d.eE])/

const digits = fc.integer({ min: 1, max: 40 }).map(count => '7'.repeat(count))
const piece = fc.oneof(digits, fc.constantFrom('.', 'e', 'E', '-', ',', '[', ' ', 'x', '"', 'é', '٣'))

test('long integers are found wherever they stand, and nothing else is taken for one', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const text = pieces.join('')
      expect(hasLongInteger(text)).toBe(LONG_INTEGER.test(text))
    }),
    { numRuns: 20_000 },
  )
})
