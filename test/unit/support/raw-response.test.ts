import { describe, expect, test } from 'vitest'
import { ByteReader, EndOfInput } from '../../support/byte-reader.ts'
import { WireViolation } from '../../support/http1-message.ts'
import { readRawResponse, type RawResponse, type ResponseOptions } from '../../support/raw-response.ts'

type Ending = 'open' | 'closed' | 'reset'

/** Gives a reader these pieces one after the other, each in a turn of its own. */
async function feed(reader: ByteReader, pieces: readonly Buffer[], ending: Ending): Promise<void> {
  for (const piece of pieces) {
    reader.push(piece)
    await new Promise(setImmediate)
  }
  if (ending !== 'open') reader.finish(ending)
}

async function parse(text: string, ending: Ending = 'open', options: ResponseOptions = {}): Promise<RawResponse> {
  const reader = new ByteReader()
  const fed = feed(reader, [Buffer.from(text, 'latin1')], ending)
  const response = await readRawResponse(reader, options)
  await fed
  return response
}

const CHUNKED_WITH_EVERYTHING =
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
  'HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n' +
  '5\r\nhello\r\n1;ext=1\r\n!\r\n0\r\nX-Sum: 7\r\n\r\n'

describe('a response', () => {
  test('with 1xx, chunks, extensions and trailers is read whole', async () => {
    const response = await parse(CHUNKED_WITH_EVERYTHING)
    expect(response).toMatchObject({ version: 'HTTP/1.1', status: 200, reason: 'OK', chunked: true, ended: 'complete' })
    expect(response.body.toString()).toBe('hello!')
    expect(response.headers.slice(0, 2)).toEqual([
      ['X-A', '1'],
      ['x-a', '2'],
    ])
    expect(response.headerAll('X-a')).toEqual(['1', '2'])
    expect(response.header('TRANSFER-encoding')).toBe('chunked')
    expect(response.trailers).toEqual([['X-Sum', '7']])
    expect(response.informational).toEqual([{ status: 103, headers: [['Link', '</a>']] }])
    expect(response.raw.toString('latin1')).toBe(CHUNKED_WITH_EVERYTHING)
  })

  test('is read the same when it is split at any byte', async () => {
    const bytes = Buffer.from(CHUNKED_WITH_EVERYTHING, 'latin1')
    for (let at = 1; at < bytes.length; at++) {
      const reader = new ByteReader()
      const fed = feed(reader, [bytes.subarray(0, at), bytes.subarray(at)], 'open')
      const response = await readRawResponse(reader, {})
      await fed
      expect(response.body.toString(), `split at ${at}`).toBe('hello!')
      expect(response.raw, `split at ${at}`).toEqual(bytes)
      expect(reader.size).toBe(0)
    }
  })

  test('is read the same in single bytes', async () => {
    const reader = new ByteReader()
    const bytes = [...Buffer.from(CHUNKED_WITH_EVERYTHING, 'latin1')].map(byte => Buffer.from([byte]))
    const fed = feed(reader, bytes, 'open')
    const response = await readRawResponse(reader, {})
    await fed
    expect(response.body.toString()).toBe('hello!')
    expect(response.trailers).toEqual([['X-Sum', '7']])
  })

  test('leaves the bytes of the next one alone', async () => {
    const reader = new ByteReader()
    const one = 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none'
    reader.push(Buffer.from(`${one}HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\nrest`))
    expect((await readRawResponse(reader, {})).body.toString()).toBe('one')
    expect((await readRawResponse(reader, {})).status).toBe(404)
    expect(reader.peek().toString()).toBe('rest')
  })

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n', { method: 'HEAD' }],
    ['HEAD, chunked', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', { method: 'HEAD' }],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', {}],
    ['304 with a length', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n', {}],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n', {}],
  ])('to %s has no body and does not wait for one', async (_, text, options) => {
    const response = await parse(text, 'open', options)
    expect(response).toMatchObject({ ended: 'complete', bodyBytes: 0 })
  })

  test('without length lasts until the close', async () => {
    const response = await parse('HTTP/1.1 200 OK\r\n\r\nabc', 'closed')
    expect(response.body.toString()).toBe('abc')
    expect(response.ended).toBe('complete')
  })

  test('with an empty reason is read', async () => {
    expect((await parse('HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n')).reason).toBe('')
  })

  test('hands out its parts as they arrive and can do without keeping them', async () => {
    const seen: string[] = []
    const response = await parse(CHUNKED_WITH_EVERYTHING, 'open', {
      keepBody: false,
      onInformational: early => seen.push(String(early.status)),
      onHead: status => seen.push(String(status)),
      onBody: piece => seen.push(piece.toString()),
    })
    expect(seen).toEqual(['103', '200', 'hello', '!'])
    expect(response.bodyBytes).toBe(6)
    expect(response.body.length).toBe(0)
  })
})

describe('a response that ends too early', () => {
  test.each([
    ['content-length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc'],
    ['a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc'],
    ['the last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ['the trailers', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n'],
  ])('inside %s is closed-early after a FIN and reset after an RST', async (_, text) => {
    const closed = await parse(text, 'closed')
    expect(closed.ended).toBe('closed-early')
    expect(closed.body.toString()).toBe('abc')
    expect((await parse(text, 'reset')).ended).toBe('reset')
  })

  test('by RST where only a close can end it is reset, not complete', async () => {
    expect((await parse('HTTP/1.1 200 OK\r\n\r\nabc', 'reset')).ended).toBe('reset')
  })

  test('inside its head is an error that says how and after what', async () => {
    const reading = parse('HTTP/1.1 200 OK\r\ncont', 'reset')
    await expect(reading).rejects.toBeInstanceOf(EndOfInput)
    await expect(reading).rejects.toMatchObject({ state: 'reset', partial: Buffer.from('HTTP/1.1 200 OK\r\ncont') })
  })
})

describe('the reader refuses', () => {
  test.each([
    ['content-length beside transfer-encoding', 'content-length: 1\r\ntransfer-encoding: chunked', ''],
    ['two equal content-lengths', 'content-length: 1\r\nContent-Length: 1', 'a'],
    ['a content-length list', 'content-length: 1, 1', 'a'],
    ['a signed content-length', 'content-length: +1', 'a'],
    ['an empty content-length', 'content-length:', ''],
    ['an unknown coding', 'transfer-encoding: gzip', ''],
    ['gzip, chunked', 'transfer-encoding: gzip, chunked', ''],
    ['chunked twice', 'transfer-encoding: chunked\r\ntransfer-encoding: chunked', ''],
    ['a folded line', 'x: a\r\n b', ''],
    ['a space before the colon', 'x : a', ''],
    ['a header without name', ': a', ''],
    ['a NUL in a value', 'x: a\0b', ''],
    ['a carriage return in a value', 'x: a\rb', ''],
    ['a bare line feed', 'x: a\ny: b', ''],
    ['a chunk size with 0x', 'transfer-encoding: chunked', '0x1\r\na\r\n0\r\n\r\n'],
    ['an empty chunk size', 'transfer-encoding: chunked', '\r\na\r\n0\r\n\r\n'],
    ['a bare line feed after a chunk size', 'transfer-encoding: chunked', '1\na\r\n0\r\n\r\n'],
    ['a chunk longer than its size', 'transfer-encoding: chunked', '1\r\nab\r\n0\r\n\r\n'],
    ['a trailer that is no header', 'transfer-encoding: chunked', '0\r\nnonsense\r\n\r\n'],
  ])('%s', async (_, headers, body) => {
    await expect(parse(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${body}`)).rejects.toBeInstanceOf(WireViolation)
  })

  test.each([
    'HTTP/2 200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 200',
    'http/1.1 200 OK',
    'GET / HTTP/1.1',
  ])('the status line "%s"', async line => {
    await expect(parse(`${line}\r\ncontent-length: 0\r\n\r\n`)).rejects.toBeInstanceOf(WireViolation)
  })

  test('transfer-encoding in HTTP/1.0, and lengths where no body can be', async () => {
    const chunks = 'transfer-encoding: chunked\r\n\r\n0\r\n\r\n'
    await expect(parse(`HTTP/1.0 200 OK\r\n${chunks}`)).rejects.toBeInstanceOf(WireViolation)
    await expect(parse(`HTTP/1.1 204 No Content\r\n${chunks}`)).rejects.toBeInstanceOf(WireViolation)
    const early = 'HTTP/1.1 100 Continue\r\ncontent-length: 0\r\n\r\n'
    await expect(parse(early)).rejects.toBeInstanceOf(WireViolation)
  })

  test('a bare line feed at once, not only when the head is whole', async () => {
    await expect(parse('HTTP/1.1 200 OK\nx: a')).rejects.toBeInstanceOf(WireViolation)
  })
})
