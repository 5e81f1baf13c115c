import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJsonText } from '../../src/analysis/payloads/json.ts'
import { LONG_STRING } from '../../src/analysis/payloads/long-strings.ts'

/** Long strings of base64 are taken out before a text is parsed: nobody may be able to tell. */

const base64 = fc
  .integer({ min: LONG_STRING - 3, max: LONG_STRING + 3 })
  .chain(length =>
    fc.constantFrom('A', 'z9', '+/', '-_').map(unit => unit.repeat(length / unit.length + 1).slice(0, length)),
  )
const padded = fc.tuple(base64, fc.constantFrom('', '=', '==', '===')).map(([text, padding]) => text + padding)
/** Base64 but for one piece, anywhere. */
const spoilt = fc
  .tuple(
    base64,
    fc.nat(LONG_STRING + 3),
    fc.constantFrom(' ', '"', '\\', '\n', '=', 'é', '\u0141', '\u2028', '12345678901234567890', '": 1, "'),
  )
  .map(([text, at, piece]) => text.slice(0, at) + piece + text.slice(at))
const leaf = fc.oneof(padded, spoilt, fc.constantFrom('a', '', 1, 2.5, null, true))
const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom('a', '__proto__', '0'), padded), tie('value'), { maxKeys: 4 }),
  ),
}))

test('a text with long strings is parsed as the engine parses it', () => {
  fc.assert(
    fc.property(value, fc.constantFrom(0, 1), (written, indent) => {
      const text = JSON.stringify(written, null, indent)
      expect(parseJsonText(text)).toEqual({ kind: 'json', value: JSON.parse(text) })
    }),
    { numRuns: 1000 },
  )
})

test('a string that is not JSON makes none of a text, however much of it is base64', () => {
  fc.assert(
    fc.property(
      base64,
      fc.nat(LONG_STRING),
      fc.constantFrom('\n', '\t', '\u0000', '\\x', '"', 'A"B'),
      (text, at, piece) => {
        const written = `["${text.slice(0, at)}${piece}${text.slice(at)}"]`
        expect(() => JSON.parse(written) as unknown).toThrow()
        expect(parseJsonText(written).kind).toBe('not_json')
      },
    ),
  )
})

test('what is wrong is said of the text itself', () => {
  const text = `{"b":"${'A'.repeat(2 * LONG_STRING)}","c":x}`
  expect(parseJsonText(text)).toMatchObject({
    kind: 'not_json',
    detail: expect.stringContaining(String(text.indexOf('x'))),
  })
})

test('strings of more than one piece are base64 to their end, or not at all', () => {
  const long = 'QUJD'.repeat(50_000)
  for (const end of ['', 'QQ==', 'QUI=', '\\u0041', '\\n']) {
    const text = `{"audio":"${long}${end}"}`
    expect(parseJsonText(text)).toEqual({ kind: 'json', value: JSON.parse(text) })
  }
  expect(parseJsonText(`{"audio":"${long}\n${long}"}`).kind).toBe('not_json')
})

test('long digits in a string leave the numbers beside it as they are', () => {
  expect(parseJsonText('{"id":"12345678901234567890","n":[0.5,9007199254740993]}')).toEqual({
    kind: 'json',
    value: { id: '12345678901234567890', n: [0.5, 9_007_199_254_740_993n] },
  })
})
