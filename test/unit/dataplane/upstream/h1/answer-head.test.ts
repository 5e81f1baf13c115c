import { describe, expect, test } from 'vitest'
import { MalformedMessage } from '../../../../../src/dataplane/h1/fields.ts'
import { parseAnswerHead, type AnswerHead } from '../../../../../src/dataplane/upstream/h1/answer-head.ts'

const head = (...lines: string[]): AnswerHead => parseAnswerHead(['HTTP/1.1 200 OK', ...lines].join('\r\n'))

describe('the status line', () => {
  test.each([
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.0 503 Service Unavailable', 503, 'Service Unavailable'],
    ['HTTP/1.1 204 ', 204, ''],
    ['HTTP/1.1 204', 204, ''],
    ['HTTP/1.1 599 d\xe9j\xe0 vu', 599, 'd\xe9j\xe0 vu'],
  ])('%j gives status and reason', (line, status, reason) => {
    expect(parseAnswerHead(line)).toMatchObject({ status, reason, fields: [] })
  })

  test.each([
    'HTTP/2.0 200 OK',
    'HTTP/1.2 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1\t200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 020 OK',
    'HTTP/1.1 +20 OK',
    'HTTP/1.1 200OK',
    'HTTP/1.1',
    ' HTTP/1.1 200 OK',
    '\r\nHTTP/1.1 200 OK',
    'HTTP/1.1 200 O\nK',
    'HTTP/1.1 200 O\rK',
    'ICY 200 OK',
    '',
  ])('%j is refused', line => {
    expect(() => parseAnswerHead(line)).toThrow(MalformedMessage)
    expect(() => parseAnswerHead(`${line}\r\na: b`)).toThrow(MalformedMessage)
  })
})

describe('fields', () => {
  test('keep their order, case and number', () => {
    const { fields } = head('Set-Cookie: a=1', 'X-Id: 7', 'set-cookie: b=2', 'SET-COOKIE: a=1')
    expect(fields).toEqual(['Set-Cookie', 'a=1', 'X-Id', '7', 'set-cookie', 'b=2', 'SET-COOKIE', 'a=1'])
  })

  test('keep every octet of a value but the blanks around it', () => {
    const octets = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
    const allowed = octets.filter(each => each === '\t' || (each >= ' ' && each !== '\x7f')).join('')
    expect(head(`x:  \t|${allowed}|\t `).fields).toEqual(['x', `|${allowed}|`])
  })

  test('may have an empty value, with blanks or none', () => {
    expect(head('a:', 'b: \t ', 'c:\t', 'd::').fields).toEqual(['a', '', 'b', '', 'c', '', 'd', ':'])
  })

  test('may have every character of a token in their name, and no other', () => {
    const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/
    for (let code = 0; code < 256; code++) {
      const name = `x${String.fromCharCode(code)}y`
      if (token.test(name.slice(1, 2))) expect(head(`${name}: 1`).fields).toEqual([name, '1'])
      else if (name !== 'x:y') expect(() => head(`${name}: 1`), JSON.stringify(name)).toThrow(MalformedMessage)
    }
  })

  test.each([
    ['a folded line', ['a: b', ' c: d']],
    ['a line folded with a tab', ['a: b', '\tc']],
    ['a folded line behind the status line', [' a: b']],
    ['a blank before the colon', ['a : b']],
    ['a tab before the colon', ['a\t: b']],
    ['no name', [': b']],
    ['no colon', ['a']],
    ['an empty line in the middle', ['a: b', '', 'c: d']],
    ['NUL', ['a: \0']],
    ['a control character', ['a: b\x01c']],
    ['DEL', ['a: \x7f']],
    ['a lone CR', ['a: b\rc: d']],
    ['a lone CR at the end', ['a: b\r']],
    ['a lone LF', ['a: b\nc: d']],
    ['a lone LF at the beginning of a line', ['a: b', '\nc: d']],
    ['LF CR', ['a: b\n\rc: d']],
    ['CR CR LF', ['a: b\r', 'c: d']],
  ])('with %s are refused', (_, lines) => {
    expect(() => head(...lines)).toThrow(MalformedMessage)
    expect(() => head('x: y', ...lines, 'x: y')).toThrow(MalformedMessage)
  })
})

test('the same content-type twice, another field, and a name that is only as long, are told apart', () => {
  const read = head(
    'Content-Type: a/b',
    'x-ontent-typ: c',
    'CONTENT-TYPE: d/e',
    'content-encoding: gzip',
    'Content-Encoding: br',
  )
  expect([read.contentType, read.contentEncoding]).toEqual(['a/b, d/e', 'gzip, br'])
  expect(head('x: y')).toMatchObject({ contentType: '', contentEncoding: '' })
})

const binaryFrom = (...lines: string[]): number => head(...lines).inferenceHeaderLength

test('where binary tensors begin is read once, and contradictions are no length', () => {
  expect(binaryFrom('x: y')).toBe(0)
  expect(binaryFrom('inference-header-content-length: 164')).toBe(164)
  expect(binaryFrom('Inference-Header-Content-Length: x')).toBe(Infinity)
  expect(binaryFrom('Inference-Header-Content-Length: 164', 'inference-header-content-length: 164')).toBe(Infinity)
})
