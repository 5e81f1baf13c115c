import * as fc from 'fast-check'
import { broken, chunk, fieldList, fieldText, flatFields, mutations, pieceOf, value } from './message-arbitrary.ts'

/** An answer as a model server may send it (latin1), and what is in it. */
export interface MadeAnswer {
  readonly method: string
  readonly bytes: string
  /** Only the end of the connection ends it. */
  readonly untilClose: boolean
  readonly interims: readonly number[]
  readonly status: number
  readonly reason: string
  /** Flat, without the framing's own, which stand behind them. */
  readonly fields: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
}

const interim = fc.record({ status: fc.constantFrom(102, 103, 110, 199), fields: fieldList(3) })
const status = fc.oneof(fc.constantFrom(200, 200, 404, 503, 204, 304), fc.integer({ min: 200, max: 599 }))

export const madeAnswer: fc.Arbitrary<MadeAnswer> = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
    interims: fc.array(interim, { maxLength: 2 }),
    status,
    reason: value,
    fields: fieldList(6),
    framing: fc.constantFrom('length', 'chunked', 'chunked', 'close'),
    chunks: fc.array(chunk, { maxLength: 5 }),
    lastChunk: fc.constantFrom('0', '000', '0;last="1"'),
    trailers: fieldList(3),
  })
  .map(({ method, interims, status, reason, fields, framing, chunks, lastChunk, trailers }) => {
    const bodiless = method === 'HEAD' || status === 204 || status === 304
    const whole = bodiless ? '' : chunks.map(each => each.data).join('')
    const pieces = chunks.map(pieceOf)
    const own = {
      length: `Content-Length: ${chunks.reduce((sum, each) => sum + each.data.length, 0)}\r\n`,
      chunked: 'Transfer-Encoding: chunked\r\n',
      close: '',
    }[framing]
    const coded = framing === 'chunked' ? `${pieces.join('')}${lastChunk}\r\n${fieldText(trailers)}\r\n` : whole
    const before = interims.map(each => `HTTP/1.1 ${each.status} \r\n${fieldText(each.fields)}\r\n`).join('')
    return {
      method,
      bytes: `${before}HTTP/1.1 ${status} ${reason}\r\n${fieldText(fields)}${own}\r\n${bodiless ? '' : coded}`,
      untilClose: !bodiless && framing === 'close',
      interims: interims.map(each => each.status),
      status,
      reason,
      fields: flatFields(fields),
      body: whole,
      trailers: framing === 'chunked' && !bodiless ? flatFields(trailers) : [],
    }
  })

const SNIPPETS = [
  ['\r', '\n', '\r\n', '\n\n', ' ', '\t', '\0', '\x7f', '\xa0', ':', ',', ';', '0', '1', 'f', '"', '+', '-', '0x'],
  ['\r\n\r\n', '0\r\n\r\n', '\r\n ', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.0', 'chunked', 'identity', 'close', ' 204 '],
  ['Content-Length: 3\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n'],
].flat()

/** The bytes of a valid answer with a few mistakes in them. */
export const brokenAnswer = fc
  .tuple(madeAnswer, mutations(SNIPPETS))
  .map(([{ method, bytes }, mistakes]) => ({ method, bytes: broken(bytes, mistakes) }))
