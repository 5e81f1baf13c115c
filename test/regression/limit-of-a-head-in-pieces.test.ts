/**
 * A head as long as the limit was taken when it came in one piece. Where a piece ended within the empty line behind it,
 * those bytes counted as well, and it was answered 431: what a client got hung on how the network had cut its bytes. The
 * same held for trailers, and for the head of an answer.
 */
import { expect, test } from 'vitest'
import { ChunkReader, REQUEST_CHUNK_LINE } from '../../src/dataplane/h1/chunk-reader.ts'
import { readAnswer } from '../support/answer-log.ts'
import { readRequests } from '../support/request-log.ts'

const LIMIT_BYTES = 64
/** Of the answer's head, in answer-parser.ts. */
const ANSWER_LIMIT_BYTES = 64 * 1024
const fill = (text: string, bytes: number): string => text + 'a'.repeat(bytes - text.length)

/** All ways to cut once within the empty line, or not at all. */
const cutsOfEnd = (text: string): string[][] =>
  [0, 1, 2, 3, 4].map(left => [text.slice(0, text.length - left), text.slice(text.length - left)].filter(Boolean))

test.each([
  [0, true],
  [1, false],
])('a request head %d over the limit', (over, taken) => {
  const head = fill('GET / HTTP/1.1\r\nHost: h\r\nX: ', LIMIT_BYTES + over)
  for (const pieces of cutsOfEnd(`${head}\r\n\r\n`))
    expect(readRequests(pieces, LIMIT_BYTES).requests.length).toBe(taken ? 1 : 0)
})

test.each([
  [0, true],
  [1, false],
])('an answer head %d over the limit', (over, taken) => {
  const head = fill('HTTP/1.1 204 No Content\r\nX: ', ANSWER_LIMIT_BYTES + over)
  for (const pieces of cutsOfEnd(`${head}\r\n\r\n`)) expect(readAnswer(pieces).ends).toBe(taken ? 1 : 0)
})

test.each([
  [0, true],
  [1, false],
])('trailers %d over the limit', (over, taken) => {
  for (const pieces of cutsOfEnd(`0\r\n${fill('X: ', LIMIT_BYTES + over)}\r\n\r\n`)) {
    const reader = new ChunkReader(REQUEST_CHUNK_LINE, LIMIT_BYTES)
    reader.begin()
    const read = (): void => {
      for (const piece of pieces) {
        const bytes = Buffer.from(piece, 'latin1')
        for (let at = 0; at < bytes.length; ) at = reader.step(bytes, at, { onData: () => {} })
      }
    }
    if (taken) read()
    else expect(read).toThrow(`the trailers are over ${LIMIT_BYTES} bytes`)
    expect(reader.done).toBe(taken)
  }
})
