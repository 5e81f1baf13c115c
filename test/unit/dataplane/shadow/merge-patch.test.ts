import { describe, expect, test } from 'vitest'
import { applyMergePatch, readMergePatch } from '../../../../src/dataplane/shadow/merge-patch.ts'

/** null: refused. */
function patched(body: string | Buffer, patch: object): string | null {
  return (
    applyMergePatch(Buffer.from(body), readMergePatch(JSON.stringify(patch)))
      ?.whole()
      .toString() ?? null
  )
}

describe('a merge patch', () => {
  test.each<[string, object, string]>([
    // what it names
    ['{"model":"a","n":1}', { model: 'b' }, '{"model":"b","n":1}'],
    ['{ "model" :\t"a" ,\n"n" : 1 }', { model: 'b' }, '{ "model" :\t"b" ,\n"n" : 1 }'],
    ['{"a":{"b":1,"c":2}}', { a: { b: { d: 1 } } }, '{"a":{"b":{"d":1},"c":2}}'],
    ['{"a":[1,{"b":2}]}', { a: { b: 3 } }, '{"a":{"b":3}}'],
    ['{"a":[1]}', { a: [null, 2] }, '{"a":[null,2]}'],
    // what is not there
    ['{}', { model: 'b' }, '{"model":"b"}'],
    [' { } ', { model: 'b' }, ' {"model":"b" } '],
    ['{"n":1 }', { model: 'b', m: { x: null, y: 2 } }, '{"n":1,"model":"b","m":{"y":2} }'],
    ['{"a":1}', { a: { b: null } }, '{"a":{}}'],
    // what goes
    ['{ "a":1 , "b":2 , "c":3 }', { a: null }, '{ "b":2 , "c":3 }'],
    ['{ "a":1 , "b":2 , "c":3 }', { b: null }, '{ "a":1 , "c":3 }'],
    ['{ "a":1 , "b":2 , "c":3 }', { c: null }, '{ "a":1 , "b":2 }'],
    ['{ "a":1 , "b":2 , "c":3 }', { a: null, b: null }, '{ "c":3 }'],
    ['{ "a":1 , "b":2 , "c":3 }', { b: null, c: null }, '{ "a":1 }'],
    ['{"a":1,"b":2}', { a: null, b: null, c: 3 }, '{"c":3}'],
    ['{"a":1}', { b: null }, '{"a":1}'],
    // a body that is no object
    [' [1, 2] ', { model: 'b' }, ' {"model":"b"} '],
    ['"text"', { a: { b: null } }, '{"a":{}}'],
  ])('%s by %j is %s', (body, patch, expected) => {
    expect(patched(body, patch)).toBe(expected)
  })

  test('leaves every other byte as it is: digits, escapes, order, spaces', () => {
    const rest = '"id": 12345678901234567890,  "t":1.0, "e":1E+02, "s":"\\u0041\\/é😀", "z":-0, "a":[ 1.50 ,{ } ]\r\n'
    expect(patched(`{"model":"a", ${rest}}`, { model: 'b' })).toBe(`{"model":"b", ${rest}}`)
    expect(patched(`{"model":{${rest}}}`, { model: { added: 1 } })?.startsWith(`{"model":{${rest.trimEnd()}`)).toBe(
      true,
    )
    expect(patched(`{${rest}}`, {})).toBe(`{${rest}}`)
  })

  test('finds a name that is written with escapes, and no part of another', () => {
    expect(patched('{"mod\\u0065l":"a","models":1,"mode":2}', { model: 'b' })).toBe(
      '{"mod\\u0065l":"b","models":1,"mode":2}',
    )
    expect(patched('{"é\\n":1}', { 'é\n': 2, '"': 3 })).toBe('{"é\\n":2,"\\"":3}')
  })

  test('patches a name that stands there twice twice: nobody is to read the old value, whichever they take', () => {
    expect(patched('{"m":"a","x":1,"m":"c"}', { m: 'b' })).toBe('{"m":"b","x":1,"m":"b"}')
    expect(patched('{"m":"a","x":1,"m":"c"}', { m: null })).toBe('{"x":1}')
  })

  test('takes __proto__ for a name like any other', () => {
    const patch = '{"__proto__":{"model":"b"}}'
    expect(applyMergePatch(Buffer.from('{"a":1}'), readMergePatch(patch))?.whole().toString()).toBe(
      '{"a":1,"__proto__":{"model":"b"}}',
    )
    expect(({} as { model?: string }).model).toBeUndefined()
  })

  test.each([
    '',
    ' ',
    'tru',
    'nul',
    '{',
    '{"a"',
    '{"a":}',
    '{"a":1,}',
    '{"a":1 "b":2}',
    '{a:1}',
    '{"a":1}}',
    '{"a":1}{',
    '[1,]',
    '[1}',
    '{"a":[}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":-}',
    '{"a":1e}',
    '{"a":+1}',
    '{"a":NaN}',
    '{"a":"\t"}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"\\',
    '{"a":"open}',
    "{'a':1}",
    '\uFEFF{"a":1}',
    '{"a":1}//',
  ])('refuses what is not JSON: %j', body => {
    expect(patched(body, { a: 2 })).toBeNull()
    expect(patched(body, { b: null })).toBeNull()
  })

  test('refuses what is not UTF-8', () => {
    expect(patched(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), { a: 2 })).toBeNull()
  })

  test('goes as deep as a body does: a megabyte of brackets is no danger', () => {
    const depth = 500_000
    const deep = '['.repeat(depth) + ']'.repeat(depth)
    expect(patched(`{"a":1,"deep":${deep}}`, { a: 2 })).toBe(`{"a":2,"deep":${deep}}`)
    expect(patched(`{"a":1,"deep":${deep.slice(1)}}`, { a: 2 })).toBeNull()
  })
})
