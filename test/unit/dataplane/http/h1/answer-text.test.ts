import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { answerHeadText, framingOf, interimText } from '../../../../../src/dataplane/http/h1/answer-text.ts'
import { lastChunkText } from '../../../../../src/dataplane/h1/message-text.ts'

describe('the end of a body is told', () => {
  test.each([
    ['by nothing to HEAD', 'HEAD', '1.1', 200, 5, 'none'],
    ['by nothing to HEAD of unknown length', 'HEAD', '1.1', 200, null, 'none'],
    ['by nothing to HEAD of HTTP/1.0', 'HEAD', '1.0', 200, null, 'none'],
    ['by nothing in a 204', 'GET', '1.1', 204, null, 'none'],
    ['by nothing in a 304 with the length of what it stands for', 'GET', '1.1', 304, 1000, 'none'],
    ['by its length', 'GET', '1.1', 200, 0, 'length'],
    ['by its length to HTTP/1.0', 'POST', '1.0', 500, 7, 'length'],
    ['by a last chunk where there is none', 'GET', '1.1', 200, null, 'chunked'],
    ['by the end of the connection where there are no chunks', 'GET', '1.0', 200, null, 'close'],
  ] as const)('%s', (_, method, version, status, bodyBytes, framing) => {
    expect(framingOf(method, version, status, bodyBytes)).toBe(framing)
  })
})

const DATE = ['Date', 'Sun, 06 Nov 1994 08:49:37 GMT']

describe('the head of an answer', () => {
  test('has the fields in their order, case and number, and those of the connection behind them', () => {
    const fields = ['X-A', '1', 'Set-Cookie', 'a=\xe9', 'set-cookie', '', ...DATE]
    expect(answerHeadText(200, 'Fine', fields, 'chunked', 'timeout=75')).toBe(
      'HTTP/1.1 200 Fine\r\nX-A: 1\r\nSet-Cookie: a=\xe9\r\nset-cookie: \r\n' +
        'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n',
    )
  })

  test.each(['none', 'length', 'close'] as const)('says close, and no coding, where it is told so: %s', framing => {
    expect(answerHeadText(200, 'OK', DATE, framing, null)).toBe(
      'HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\n\r\n',
    )
  })

  test.each([
    ['', 200, ''],
    ['with a\ttab', 404, 'with a\ttab'],
    ['Größe', 404, 'Not Found'],
    ['a\r\nX: y', 503, 'Service Unavailable'],
    ['a\0', 299, ''],
  ])('has the reason %j where everybody can read it, else the standard one', (reason, status, said) => {
    expect(answerHeadText(status, reason, DATE, 'none', null)).toMatch(`HTTP/1.1 ${status} ${said}\r\nDate`)
  })

  test.each([
    [204, ''],
    [304, 'content-LENGTH: 5\r\n'],
    [200, 'content-LENGTH: 5\r\n'],
  ])('%d: the length says %j', (status, line) => {
    const text = answerHeadText(status, '', ['content-LENGTH', '5', ...DATE], 'none', null)
    expect(text).toMatch(`HTTP/1.1 ${status} \r\n${line}Date`)
  })
})

const dateAt = (iso: string): string => {
  vi.setSystemTime(new Date(iso))
  return /^Date: (.*)\r$/m.exec(answerHeadText(200, '', ['X-Date', 'x', 'dates', 'y'], 'none', null))?.[1] ?? ''
}

describe('the date of an answer that has none', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('is the second it is written in', () => {
    expect(dateAt('2026-01-01T00:00:00.000Z')).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
    expect(dateAt('2026-01-01T00:00:00.999Z')).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
    expect(dateAt('2026-01-01T00:00:01.000Z')).toBe('Thu, 01 Jan 2026 00:00:01 GMT')
    // The clock may be set back.
    expect(dateAt('2025-12-31T23:59:59.500Z')).toBe('Wed, 31 Dec 2025 23:59:59 GMT')
  })
})

describe('an interim answer', () => {
  test('has the standard reason and its fields', () => {
    expect(interimText(103, ['Link', '</a>', 'link', '\xe9'])).toBe(
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: \xe9\r\n\r\n',
    )
    expect(interimText(199, [])).toBe('HTTP/1.1 199 \r\n\r\n')
  })

  test.each(['a\r\nb', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb', '\x1b'])('is left out with %j in it', text => {
    expect(interimText(103, ['x-a', text])).toBeNull()
    expect(interimText(103, ['x-b', 'fine', text, 'x'])).toBeNull()
  })

  test('may have a tab in it', () => {
    expect(interimText(103, ['x-a', 'a\tb'])).toBe('HTTP/1.1 103 Early Hints\r\nx-a: a\tb\r\n\r\n')
  })
})

test('the last chunk carries the trailers', () => {
  expect(lastChunkText([])).toBe('0\r\n\r\n')
  expect(lastChunkText(['X-Sum', 'a', 'x-sum', ''])).toBe('0\r\nX-Sum: a\r\nx-sum: \r\n\r\n')
})
