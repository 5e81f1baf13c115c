import { describe, expect, test } from 'vitest'
import { framingOf, requestHead } from '../../../../../src/dataplane/upstream/h1/request-text.ts'
import { chunks } from '../../../../support/chunks.ts'

describe('framingOf', () => {
  test.each(['GET', 'POST', 'DELETE', 'x'])('a body has a length, of %s too, and one of no bytes', method => {
    expect(framingOf(method, chunks(Buffer.from('abc')))).toEqual({ kind: 'length', bytes: 3 })
    expect(framingOf(method, chunks())).toEqual({ kind: 'length', bytes: 0 })
  })

  test.each(['POST', 'PUT', 'PATCH'])('no body of %s is a length of 0', method => {
    expect(framingOf(method, null)).toEqual({ kind: 'length', bytes: 0 })
  })

  test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'post', 'QUERY'])('no body of %s is not mentioned', method => {
    expect(framingOf(method, null)).toEqual({ kind: 'none' })
  })
})

describe('requestHead', () => {
  test('has target and fields as they are, in order, case and number', () => {
    const fields = ['Host', 'h:1', 'X-A', '1', 'x-a', '', 'X-A', '\xe9']
    expect(requestHead('GET', '/a?b=%20#', fields, { kind: 'none' })).toBe(
      'GET /a?b=%20# HTTP/1.1\r\nHost: h:1\r\nX-A: 1\r\nx-a: \r\nX-A: \xe9\r\n\r\n',
    )
  })

  test.each([
    [{ kind: 'none' } as const, ''],
    [{ kind: 'length', bytes: 0 } as const, 'content-length: 0\r\n'],
    [{ kind: 'length', bytes: '9007199254740993' } as const, 'content-length: 9007199254740993\r\n'],
    [{ kind: 'chunked' } as const, 'transfer-encoding: chunked\r\n'],
  ])('says %j once, behind the fields', (framing, text) => {
    expect(requestHead('PUT', '/', [], framing)).toBe(`PUT / HTTP/1.1\r\n${text}\r\n`)
    expect(requestHead('PUT', '/', ['a', 'b'], framing)).toBe(`PUT / HTTP/1.1\r\na: b\r\n${text}\r\n`)
  })
})
