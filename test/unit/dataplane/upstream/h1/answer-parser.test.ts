import { describe, expect, test } from 'vitest'
import { readAnswer } from '../../../../support/answer-log.ts'

interface Case {
  readonly name: string
  readonly bytes: string
  readonly heard: readonly string[]
  readonly method?: string
  readonly closed?: boolean
}

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx: y\r\n\r\n'
const ANSWERS: readonly Case[] = [
  {
    name: 'with a length',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\nhe\r\n\xff',
    heard: ['head 200', 'data he\r\n\xff', 'end'],
  },
  { name: 'of no length', bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', heard: ['head 200', 'end'] },
  {
    name: 'in chunks',
    bytes: `${CHUNKED}3\r\nabc\r\n00A\r\n0\r\n\r\nHTTP/\r\n0\r\n\r\n`,
    heard: ['head 200', 'data abc0\r\n\r\nHTTP/', 'end'],
  },
  { name: 'in no chunk', bytes: `${CHUNKED}000\r\n\r\n`, heard: ['head 200', 'end'] },
  {
    name: 'in chunks with extensions and trailers',
    bytes: `${CHUNKED}3;a=1;b="x y"\r\nabc\r\n1 ; \xe9\tc\r\nd\r\n0;last\r\nX-Sum: 7\r\nx-sum:  8 \r\n\r\n`,
    heard: ['head 200', 'data abcd', 'end X-Sum 7 x-sum 8'],
  },
  {
    name: 'until the connection closes',
    bytes: 'HTTP/1.1 200 OK\r\nx: y\r\n\r\na\r\n\r\nb',
    heard: ['head 200', 'data a\r\n\r\nb', 'end'],
    closed: true,
  },
  {
    name: 'without a byte until the connection closes',
    bytes: 'HTTP/1.0 200 OK\r\n\r\n',
    heard: ['head 200', 'end'],
    closed: true,
  },
  {
    name: 'to HEAD with a length',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n',
    heard: ['head 200', 'end'],
    method: 'HEAD',
  },
  { name: 'to HEAD, chunked', bytes: CHUNKED, heard: ['head 200', 'end'], method: 'HEAD' },
  { name: 'to HEAD, of neither', bytes: 'HTTP/1.1 200 OK\r\n\r\n', heard: ['head 200', 'end'], method: 'HEAD' },
  { name: '204', bytes: 'HTTP/1.1 204 No Content\r\nx: y\r\n\r\n', heard: ['head 204', 'end'] },
  { name: '304 with a length', bytes: 'HTTP/1.1 304 \r\ncontent-length: 9\r\n\r\n', heard: ['head 304', 'end'] },
  {
    name: 'behind some interim ones',
    bytes:
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 \r\n\r\n' +
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na',
    heard: ['interim 103', 'interim 102', 'interim 103', 'head 200', 'data a', 'end'],
  },
  {
    name: 'to HEAD behind an interim one',
    bytes: 'HTTP/1.1 103 \r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n',
    heard: ['interim 103', 'head 200', 'end'],
    method: 'HEAD',
  },
]

describe.each(ANSWERS)('an answer $name', ({ bytes, heard, method = 'GET', closed = false }) => {
  const read = (pieces: readonly string[]): readonly string[] => readAnswer(pieces, { method, closed }).heard

  test('is read whole', () => {
    expect(read([bytes])).toEqual(heard)
  })

  test('is read the same wherever it is cut', () => {
    for (let at = 1; at < bytes.length; at++)
      expect(read([bytes.slice(0, at), bytes.slice(at)]), JSON.stringify(bytes.slice(0, at))).toEqual(heard)
  })

  test('is read the same byte by byte', () => {
    expect(read(bytes.split(''))).toEqual(heard)
  })

  test('is not over before its last byte', () => {
    for (let at = 0; at < bytes.length; at++) {
      const log = readAnswer(bytes.slice(0, at), { method })
      expect([log.ends, log.heard.includes('refused')], JSON.stringify(bytes.slice(0, at))).toEqual([0, false])
    }
  })

  test('that is cut off is no whole answer, unless only the end of the connection ends it', () => {
    for (let at = 0; at < bytes.length; at++) {
      const log = readAnswer(bytes.slice(0, at), { method, closed: true })
      expect(log.heard.at(-1), `${at}`).toBe(closed && log.head !== null ? 'end' : 'cut off')
    }
  })
})
