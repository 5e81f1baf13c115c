import { describe, expect, test } from 'vitest'
import { MessageReader, WireError, type Message } from '../../../loadtest/http1-reader.ts'

const SIZED = 'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello'
const CHUNKED =
  'HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123\r\n6789\r\n0\r\nx-t: 1\r\n\r\n'
const EMPTY = 'HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n'
const INTERIM = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'

/** What a reader makes of `text` when it arrives in pieces of `pieceBytes`. */
function read(text: string, pieceBytes: number, kind: 'answer' | 'request' = 'answer'): Message[] {
  const messages: Message[] = []
  const reader = new MessageReader(kind, message => messages.push(message))
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes))
  reader.finish()
  return messages
}

describe('MessageReader', () => {
  test('reads the same answers however the bytes are split', () => {
    const all = SIZED + INTERIM + CHUNKED + SIZED + EMPTY
    for (let pieceBytes = 1; pieceBytes <= all.length; pieceBytes++) {
      expect(read(all, pieceBytes), `pieces of ${pieceBytes} bytes`).toEqual([
        { status: 200, keepAlive: true, bodyBytes: 5 },
        { status: 503, keepAlive: true, bodyBytes: 15 },
        { status: 200, keepAlive: true, bodyBytes: 5 },
        { status: 204, keepAlive: false, bodyBytes: 0 },
      ])
    }
  })

  test('tells the answer only when its last byte is there', () => {
    for (const text of [SIZED, CHUNKED]) {
      const messages: Message[] = []
      const reader = new MessageReader('answer', message => messages.push(message))
      reader.push(Buffer.from(text.slice(0, -1)))
      expect(messages).toEqual([])
      reader.push(Buffer.from(text.slice(-1)))
      expect(messages).toHaveLength(1)
      expect(reader.atRest).toBe(true)
    }
  })

  test('tells the head of an answer before its body, and never that of an interim one', () => {
    const seen: string[] = []
    const reader = new MessageReader(
      'answer',
      () => seen.push('whole'),
      () => seen.push('head'),
    )
    reader.push(Buffer.from(INTERIM))
    expect(seen).toEqual([])
    reader.push(Buffer.from(SIZED.slice(0, -1)))
    expect(seen).toEqual(['head'])
    reader.push(Buffer.from(SIZED.slice(-1) + EMPTY))
    expect(seen).toEqual(['head', 'whole', 'head', 'whole'])
  })

  test('ends an answer without a length with the connection, and does not keep it', () => {
    expect(read('HTTP/1.1 200 OK\r\n\r\nabc', 4)).toEqual([{ status: 200, keepAlive: false, bodyBytes: 3 }])
  })

  test('reads requests with and without a body', () => {
    const requests = 'GET /a HTTP/1.1\r\nhost: x\r\n\r\nPOST /b HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi'
    for (const pieceBytes of [1, 7, requests.length]) {
      expect(read(requests, pieceBytes, 'request').map(message => message.bodyBytes)).toEqual([0, 2])
    }
  })

  test.each([
    ['another version', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na'],
    ['a signed length', 'HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\na'],
    ['a length beside chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n'],
    ['a hexadecimal prefix', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n'],
    ['a chunk over its size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n'],
    ['an end inside the body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'],
    ['an end inside the head', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ])('refuses %s', (_, text) => {
    for (const pieceBytes of [1, text.length]) expect(() => read(text, pieceBytes)).toThrow(WireError)
  })
})
