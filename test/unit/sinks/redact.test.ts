import { describe, expect, test } from 'vitest'
import { ANY_CHILD, type FieldPath } from '../../../src/config/snapshot.ts'
import { redactDifference, redactFields } from '../../../src/sinks/redact.ts'

const EMAIL: FieldPath = ['user', 'email']

describe('redaction of a body', () => {
  test.each<[string, FieldPath, unknown, unknown]>([
    ['a field', EMAIL, { user: { email: 'a@b.c', age: 3 } }, { user: { email: '[redacted]', age: 3 } }],
    ['a whole branch', ['user'], { user: { email: 'a@b.c' } }, { user: '[redacted]' }],
    ['one element', ['names', 1], { names: ['a', 'b'] }, { names: ['a', '[redacted]'] }],
    [
      'a field of every element',
      ['users', ANY_CHILD, 'email'],
      { users: [{ email: 'a' }, { email: 'b' }, 3] },
      { users: [{ email: '[redacted]' }, { email: '[redacted]' }, 3] },
    ],
    ['every field', [ANY_CHILD], { a: 1, b: { c: 2 } }, { a: '[redacted]', b: '[redacted]' }],
    ['everything', [], { a: 1 }, '[redacted]'],
    ['nothing, when the field is not there', EMAIL, { user: {} }, { user: {} }],
    ['nothing, when a value is where an object should be', EMAIL, { user: 'text' }, { user: 'text' }],
  ])('%s', (_name, path, body, expected) => {
    expect(redactFields(body, [path])).toEqual(expected)
  })

  test('a field called __proto__ is a field like any other', () => {
    const body = JSON.parse('{"__proto__":{"secret":1},"a":2}') as unknown
    expect(JSON.stringify(redactFields(body, [['__proto__', 'secret']]))).toBe(
      '{"__proto__":{"secret":"[redacted]"},"a":2}',
    )
    expect(JSON.stringify(redactFields(body, [['__proto__']]))).toBe('{"__proto__":"[redacted]","a":2}')
  })
})

describe('redaction of a difference', () => {
  test.each<[string, string, unknown, unknown]>([
    ['at the field', '$.user.email', 'a@b.c', '[redacted]'],
    ['under the field', '$.user.email.local[0]', 'a', '[redacted]'],
    ['above the field', '$.user', { email: 'a@b.c', age: 3 }, { email: '[redacted]', age: 3 }],
    ['above the field, already text', '$.user', '{"email":"a@b.c"}', '[redacted]'],
    ['above the field, without it', '$', { other: 1 }, { other: 1 }],
    ['beside the field', '$.user.age', 3, 3],
    ['with quoted steps', '$["user"][\'email\']', 'a@b.c', '[redacted]'],
    ['at a path nobody understands', 'user→email', 'a@b.c', '[redacted]'],
  ])('%s', (_name, path, value, expected) => {
    expect(redactDifference(value, path, [EMAIL])).toEqual(expected)
  })

  test('odd names are understood as the comparator writes them', () => {
    expect(redactDifference('a', '$["two\\nlines"]', [['two\nlines']])).toBe('[redacted]')
    expect(redactDifference('a', '$["a.b"]', [['a.b']])).toBe('[redacted]')
    // Where answers differ in their status, which is nobody's field.
    expect(redactDifference(200, '$status', [EMAIL, ['status']])).toBe(200)
    expect(redactDifference('a', '$["a.b"]', [['a', 'b']])).toBe('a')
  })

  test('a wildcard covers every element', () => {
    expect(redactDifference('a', '$.users[7].email', [['users', ANY_CHILD, 'email']])).toBe('[redacted]')
    expect(redactDifference('a', '$.users[*].email', [['users', 0, 'email']])).toBe('[redacted]')
  })

  test('the comparator keeps its own value as it was', () => {
    const value = { email: 'a@b.c' }
    redactDifference(value, '$.user', [EMAIL])
    expect(value).toEqual({ email: 'a@b.c' })
  })

  test('without paths everything stays', () => {
    expect(redactDifference('a', 'anything', [])).toBe('a')
  })
})
