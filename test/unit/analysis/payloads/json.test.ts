import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../../src/analysis/payloads/json.ts'

const parse = (text: string) => parseJson(Buffer.from(text))
const value = (text: string) => {
  const parsed = parse(text)
  if (parsed.kind !== 'json') throw new Error(parsed.detail)
  return parsed.value
}

const nested = (depth: number, inner: string) => `${'[{"a":'.repeat(depth)}${inner}${'}]'.repeat(depth)}`

describe('parseJson', () => {
  test('reads the tokens that Python and TensorFlow Serving write for what JSON has no numbers for', () => {
    expect(value('{"predictions": [NaN, -Infinity, Infinity, 1.5e-3, -0]}')).toEqual({
      predictions: [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0.0015, -0],
    })
  })

  test('keeps neighbours beyond 2^53 apart', () => {
    expect(value('[9007199254740993, 9007199254740992, -9223372036854775808, 123456789012345]')).toEqual([
      9007199254740993n,
      9007199254740992n,
      -9223372036854775808n,
      123456789012345,
    ])
  })

  test('reads probabilities of seventeen digits as the numbers they are', () => {
    expect(value('[0.12345678901234568,1.2345678901234568e-05]')).toEqual([0.12345678901234568, 1.2345678901234568e-5])
  })

  test('reads strings with escapes, and long digits within them, beside NaN', () => {
    expect(value('{"a\\"b": "12345678901234567890 NaN \\u00e9\\\\", "c": NaN}')).toEqual({
      'a"b': '12345678901234567890 NaN é\\',
      c: Number.NaN,
    })
  })

  test('treats __proto__ as a key like any other', () => {
    for (const text of ['{"__proto__":{"a":1}}', '{"__proto__":{"a":NaN}}']) {
      expect(Object.keys(value(text) as object)).toEqual(['__proto__'])
    }
    expect('a' in {}).toBe(false)
  })

  test('skips a byte order mark', () => {
    expect(value('\uFEFF{"a":1}')).toEqual({ a: 1 })
  })

  test.each([
    '',
    '{',
    '[1,]',
    '[NaN',
    '{"a":NaN,}',
    'NaNa',
    '[01, NaN]',
    '"abc',
    '[NaN] x',
    '{a: NaN}',
    'Internal Server Error',
  ])('does not take %j for JSON', text => {
    expect(parse(text).kind).toBe('not_json')
  })

  test('does not take bytes that are not UTF-8 for JSON: two different ones would look the same', () => {
    expect(parseJson(Buffer.from([0x22, 0xff, 0x22])).kind).toBe('not_json')
  })

  test.each([
    '{"a":1,"a":2}',
    '{"a":1,"b":{"c":NaN,"c":1}}',
    '[{"a" :1,"a"\n:1}]',
    '{"\\\\":1,"\\\\":2}',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":1,"__proto__":2}',
  ])('refuses the same key twice in one object: %s', text => {
    expect(parse(text)).toMatchObject({ kind: 'not_json', detail: expect.stringContaining('twice') })
  })

  test.each([
    '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
    '{"a":"\\"a\\": 1","b":"x:"}',
    '["a:", ":a", "\\\\", {"\\\\\\"": ":"}]',
    '{"a\\\\":1,"a":2, "" : 3}',
  ])('does not take other colons and quotes for a second key: %s', text => {
    expect(parse(text)).toEqual({ kind: 'json', value: JSON.parse(text) })
  })

  test('refuses nesting deeper than any prediction, with NaN or without', () => {
    for (const inner of ['1', 'NaN']) {
      expect(parse(nested(100, inner)).kind).toBe('json')
      expect(parse(nested(200, inner))).toMatchObject({ kind: 'not_json', detail: expect.stringContaining('nested') })
    }
  })

  test('survives nesting that would exhaust the stack', () => {
    expect(parse(`${'['.repeat(100_000)}NaN`).kind).toBe('not_json')
  })
})
