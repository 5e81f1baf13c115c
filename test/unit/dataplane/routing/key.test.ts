import { describe, expect, test } from 'vitest'
import { ANY_CHILD, type FieldPath } from '../../../../src/config/snapshot.ts'
import { readKey } from '../../../../src/dataplane/routing/key.ts'
import { requestHead } from '../../../support/plans.ts'

const fromHeader = (headers: Record<string, string | string[]>, name = 'x-user-id') =>
  readKey({ kind: 'header', name }, requestHead({ headers }))

const fromCookie = (cookie: string | undefined, name = 'session') =>
  readKey({ kind: 'cookie', name }, requestHead({ headers: cookie === undefined ? {} : { cookie } }))

const fromQuery = (query: string, name = 'user') => readKey({ kind: 'query', name }, requestHead({ query }))

const fromJson = (path: FieldPath, json: unknown) => readKey({ kind: 'json', path }, requestHead({ json }))

describe('the key of a request', () => {
  test('request is its id, address its peer', () => {
    const head = requestHead({ requestId: 'id-9', address: '2001:db8::7' })
    expect(readKey({ kind: 'request' }, head)).toBe('id-9')
    expect(readKey({ kind: 'address' }, head)).toBe('2001:db8::7')
  })
})

describe('a header key', () => {
  test('is the value of the header', () => {
    expect(fromHeader({ 'x-user-id': 'user 7' })).toBe('user 7')
  })

  test('is the first one of a header that may come several times', () => {
    expect(fromHeader({ 'set-cookie': ['a', 'b'] }, 'set-cookie')).toBe('a')
  })

  test('is none when the header is absent or empty', () => {
    expect(fromHeader({})).toBeNull()
    expect(fromHeader({ 'x-user-id': '' })).toBeNull()
  })
})

describe('a cookie key', () => {
  test.each([
    ['alone', 'session=abc', 'abc'],
    ['among others', 'theme=dark; session=abc; lang=de', 'abc'],
    ['without spaces', 'theme=dark;session=abc;lang=de', 'abc'],
    ['with spaces around', 'theme=dark;  session = abc ; lang=de', 'abc'],
    ['with equals signs in the value', 'session=YWJj==', 'YWJj=='],
    ['in quotes, which belong to the value', 'session="abc"', '"abc"'],
    ['twice: the first one', 'session=abc; session=def', 'abc'],
    ['behind pieces that are no cookies', '; =x; junk; session=abc', 'abc'],
  ])('%s', (_, cookie, key) => {
    expect(fromCookie(cookie)).toBe(key)
  })

  test.each([
    ['no cookies at all', undefined],
    ['empty header', ''],
    ['another cookie', 'theme=dark'],
    ['a name that ends with it', 'xsession=abc'],
    ['a name that starts with it', 'sessions=abc'],
    ['another case', 'Session=abc'],
    ['no value', 'session='],
    ['only spaces', 'session=  '],
    ['no equals sign', 'session'],
    ['it is inside another value', 'theme=session=abc'],
  ])('is none: %s', (_, cookie) => {
    expect(fromCookie(cookie)).toBeNull()
  })
})

describe('a query key', () => {
  test.each([
    ['user=7', '7'],
    ['a=1&user=7&b=2', '7'],
    ['user=first&user=second', 'first'],
    ['user=J%C3%BCrgen', 'Jürgen'],
    ['user=two+words', 'two words'],
    ['us%65r=7', '7'],
  ])('%s is %s', (query, key) => {
    expect(fromQuery(query)).toBe(key)
  })

  test.each([[''], ['user'], ['user='], ['User=7'], ['xuser=7'], ['x=user=7']])('"%s" has none', query => {
    expect(fromQuery(query)).toBeNull()
  })
})

describe('a JSON key', () => {
  test.each<[FieldPath, unknown, string]>([
    [['user'], { user: 'u-7' }, 'u-7'],
    [['a', 'b', 1, 'id'], { a: { b: [{}, { id: 'x' }] } }, 'x'],
    [['user'], { user: 42 }, '42'],
    [['user'], { user: 0 }, '0'],
    [['user'], { user: false }, 'false'],
    [[], 'whole', 'whole'],
  ])('%j of %j is %s', (path, json, key) => {
    expect(fromJson(path, json)).toBe(key)
  })

  test.each<[FieldPath, unknown]>([
    [['user'], undefined],
    [['user'], null],
    [['user'], 'user'],
    [['user'], {}],
    [['user'], { user: '' }],
    [['user'], { user: null }],
    [['user'], { user: { id: 1 } }],
    [['user'], { user: ['u-7'] }],
    [['user', 'id'], { user: 'u-7' }],
    [['toString'], {}],
    [['__proto__'], {}],
    [[ANY_CHILD], { user: 'u-7' }],
  ])('%j of %j is none', (path, json) => {
    expect(fromJson(path, json)).toBe(null)
  })
})

test('names beyond ASCII are one key wherever they stand; bytes that are no UTF-8 stay as they are', () => {
  const name = 'żółw'
  const bytes = Buffer.from(name).toString('latin1')
  const keys = [
    fromHeader({ 'x-user': bytes }, 'x-user'),
    // As `explain` has it from the command line.
    fromHeader({ 'x-user': name }, 'x-user'),
    fromCookie(`session=${bytes}`),
    fromQuery(`user=${encodeURIComponent(name)}`),
    fromJson(['user'], { user: name }),
  ]
  expect(keys).toEqual([name, name, name, name, name])
  expect(fromHeader({ 'x-user': 'caf\xe9' }, 'x-user')).toBe('caf\xe9')
})
