import { describe, expect, test } from 'vitest'
import { MalformedMessage } from '../../../../../src/dataplane/h1/fields.ts'
import { parseAnswerHead, type AnswerHead } from '../../../../../src/dataplane/upstream/h1/answer-head.ts'

const headOf = (version: string, lines: readonly string[]): AnswerHead =>
  parseAnswerHead([`HTTP/${version} 200 OK`, ...lines].join('\r\n'))
const head = (...lines: string[]): AnswerHead => headOf('1.1', lines)

describe('a length', () => {
  test.each([
    ['0', 0],
    ['3', 3],
    ['007', 7],
    ['999999999999999', 999_999_999_999_999],
  ])('of %s is taken', (text, contentLength) => {
    expect(head(`CONTENT-length:\t${text} `)).toMatchObject({ contentLength, chunked: false })
  })

  test('that is not there is null', () => {
    expect(head('x-ontent-length: 3', 'content-lengt: 3', 'content-length-: 3').contentLength).toBeNull()
  })

  test.each([
    '',
    '+3',
    '-1',
    '0x3',
    '3, 3',
    '3,3',
    '3 3',
    '3;',
    '3.0',
    '1e3',
    '"3"',
    '\xb3',
    'three',
    '1000000000000000',
    '99999999999999999999',
  ])('of %j is refused', text => {
    expect(() => head(`content-length: ${text}`)).toThrow(MalformedMessage)
  })

  test.each([
    ['3', '3'],
    ['3', '4'],
    ['0', '0'],
    ['3', ''],
  ])('of %j and one of %j are refused', (one, other) => {
    expect(() => head(`content-length: ${one}`, 'x: y', `Content-Length: ${other}`)).toThrow(MalformedMessage)
  })
})

describe('a transfer coding', () => {
  test.each(['chunked', 'Chunked', 'CHUNKED'])('of %s is taken', coding => {
    expect(head(`Transfer-Encoding: ${coding}`)).toMatchObject({ chunked: true, contentLength: null })
  })

  test.each([
    '',
    'identity',
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    'chunked,',
    ', chunked',
    'chunked;q=1',
    'xchunked',
    'chunked x',
    '"chunked"',
    'chun\xa0ked',
  ])('of %j is refused', coding => {
    expect(() => head(`transfer-encoding: ${coding}`)).toThrow(MalformedMessage)
  })

  test.each([
    ['gzip', 'chunked'],
    ['chunked', 'chunked'],
    ['', 'chunked'],
    ['chunked', ''],
  ])('in two lines, %j and %j, is refused', (one, other) => {
    expect(() => head(`transfer-encoding: ${one}`, `Transfer-Encoding: ${other}`)).toThrow(MalformedMessage)
  })

  test('beside a length is refused, whichever comes first, and a length of 0 too', () => {
    for (const length of ['3', '0']) {
      const lines = [`content-length: ${length}`, 'transfer-encoding: chunked']
      expect(() => head(...lines)).toThrow(MalformedMessage)
      expect(() => head(...lines.toReversed())).toThrow(MalformedMessage)
    }
  })

  test('before HTTP/1.1 is refused', () => {
    expect(() => headOf('1.0', ['transfer-encoding: chunked'])).toThrow(MalformedMessage)
  })
})
