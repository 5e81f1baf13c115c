import { describe, expect, test } from 'vitest'
import { ANSWER_CHUNK_LINE, ChunkReader, REQUEST_CHUNK_LINE } from '../../../../src/dataplane/h1/chunk-reader.ts'
import { MalformedMessage } from '../../../../src/dataplane/h1/fields.ts'

const MAX_TRAILER_BYTES = 100

interface Reading {
  readonly data: readonly string[]
  /** Bytes that it did not take. */
  readonly rest: string
  readonly done: boolean
  readonly trailers: readonly string[]
}

function read(text: string, line = REQUEST_CHUNK_LINE, reader = new ChunkReader(line, MAX_TRAILER_BYTES)): Reading {
  const data: string[] = []
  const bytes = Buffer.from(text, 'latin1')
  reader.begin()
  let at = 0
  const listener = { onData: (view: Buffer) => void data.push(view.toString('latin1')) }
  while (at < bytes.length && !reader.done) at = reader.step(bytes, at, listener)
  return { data, rest: text.slice(at), done: reader.done, trailers: reader.trailers }
}

describe('ChunkReader', () => {
  test('stops behind the empty line, and takes nothing of what follows', () => {
    expect(read('3\r\nabc\r\n0\r\n\r\nGET')).toEqual({ data: ['abc'], rest: 'GET', done: true, trailers: [] })
    expect(read('0\r\nA: b\r\n\r\nGET')).toEqual({ data: [], rest: 'GET', done: true, trailers: ['A', 'b'] })
  })

  test('takes nothing once it is done', () => {
    const reader = new ChunkReader(REQUEST_CHUNK_LINE, MAX_TRAILER_BYTES)
    read('0\r\n\r\n', REQUEST_CHUNK_LINE, reader)
    expect(reader.step(Buffer.from('3\r\nabc'), 0, { onData: () => expect.unreachable() })).toBe(0)
  })

  test('forgets the body before, its trailers and what was left of it', () => {
    const reader = new ChunkReader(REQUEST_CHUNK_LINE, MAX_TRAILER_BYTES)
    expect(read('0\r\nA: b\r\n\r\n', REQUEST_CHUNK_LINE, reader).trailers).toEqual(['A', 'b'])
    for (const half of ['12', '3\r\na', '3\r\nabc\r', '0\r\nA: '])
      expect(read(half, REQUEST_CHUNK_LINE, reader).done).toBe(false)
    expect(read('1\r\nx\r\n0\r\n\r\n', REQUEST_CHUNK_LINE, reader)).toMatchObject({ data: ['x'], trailers: [] })
  })

  test.each([
    ['a size in capitals', 'A\r\n0123456789\r\n0\r\n\r\n'],
    ['zeros before a size', '000000000000a\r\n0123456789\r\n0\r\n\r\n'],
    ['an extension', 'a;b=c\r\n0123456789\r\n0\r\n\r\n'],
    ['an extension of the last chunk', 'a\r\n0123456789\r\n0;x;y\r\n\r\n'],
  ])('reads %s', (_, text) => {
    expect(read(text)).toEqual({ data: ['0123456789'], rest: '', done: true, trailers: [] })
  })

  test.each([
    ['an empty size', '\r\n'],
    ['a sign', '+1\r\n'],
    ['a prefix', '0x1\r\n'],
    ['a blank before the size', ' 1\r\n'],
    ['a size that is no number', '1g\r\n'],
    ['more digits than a size can have', '00000000000000\r\n'],
    ['a bare LF', '1\n'],
    ['a CR in the extension', '1;a\rb\r\n'],
    ['a control character in the extension', '1;\x01\r\n'],
    ['more bytes than the size says', '1\r\nab\r\n'],
    ['a bare LF behind a chunk', '1\r\na\n0\r\n\r\n'],
    ['a trailer without a name', '0\r\n: b\r\n\r\n'],
    ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
    ['a length in the trailers', '0\r\nContent-Length: 1\r\n\r\n'],
    ['a coding in the trailers', '0\r\ntransfer-ENCODING: chunked\r\n\r\n'],
    ['trailers over the limit', `0\r\nA: ${'b'.repeat(MAX_TRAILER_BYTES)}\r\n\r\n`],
    ['trailers over the limit that do not end', `0\r\nA: ${'b'.repeat(MAX_TRAILER_BYTES + 1)}`],
  ])('refuses %s', (_, text) => {
    for (const line of [REQUEST_CHUNK_LINE, ANSWER_CHUNK_LINE]) expect(() => read(text, line)).toThrow(MalformedMessage)
  })

  test.each(['1 \r\na\r\n0\r\n\r\n', '1\t;x\r\na\r\n0 \t\r\n\r\n'])('lets only servers write blanks: %j', text => {
    expect(() => read(text, REQUEST_CHUNK_LINE)).toThrow('not a hexadecimal number')
    expect(read(text, ANSWER_CHUNK_LINE)).toMatchObject({ data: ['a'], done: true })
  })

  test('hands on views of what it was given, one for each piece of a chunk', () => {
    const reader = new ChunkReader(REQUEST_CHUNK_LINE, MAX_TRAILER_BYTES)
    const views: Buffer[] = []
    reader.begin()
    const step = (bytes: Buffer, at: number): number =>
      reader.step(bytes, at, { onData: view => void views.push(view) })
    const first = Buffer.from('6\r\nabc')
    expect([step(first, 0), step(first, 3)]).toEqual([3, 6])
    const whole = Buffer.from('de')
    expect(step(whole, 0)).toBe(2)
    expect(views.map(view => view.buffer)).toEqual([first.buffer, whole.buffer])
    expect(views[1]).toBe(whole)
  })
})
