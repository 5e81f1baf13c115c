import * as fc from 'fast-check'

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

const FRAMING = /^(?:content-length|transfer-encoding|connection|upgrade|proxy-connection)$/i
const octet = fc
  .oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    { weight: 1, arbitrary: fc.constantFrom(0x09, 0x80, 0x85, 0xa0, 0xe9, 0xff) },
  )
  .map(code => String.fromCharCode(code))
const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: octet, maxLength })
const value = text(30).map(each => each.replace(/^[ \t]+|[ \t]+$/g, ''))
const token = fc.string({
  unit: fc.constantFrom(..."abxyzABZ019!#$%&'*+-.^_`|~".split('')),
  minLength: 1,
  maxLength: 17,
})
const name = fc.oneof(
  token.filter(each => !FRAMING.test(each)),
  fc.constantFrom('Set-Cookie', 'set-cookie', 'Content-Type', 'content-type', 'X-A', 'ce-id', 'Trailer', 'Vary'),
)
const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 })
const field = fc.tuple(name, blanks, value, blanks)
const fieldList = (maxLength: number): fc.Arbitrary<readonly (readonly [string, string, string, string])[]> =>
  fc.array(field, { maxLength })
const body = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
    fc.constantFrom('\r\n', '0\r\n\r\n', 'HTTP/1.1 200 OK\r\n'),
  ),
  maxLength: 60,
})
const chunk = fc.record({
  data: body.filter(each => each !== ''),
  zeros: fc.constantFrom('', '0', '000'),
  upper: fc.boolean(),
  extension: fc.oneof(
    fc.constant(''),
    text(12).map(each => `;${each}`),
    fc.constant(';a="b;c"'),
  ),
})
const interim = fc.record({ status: fc.constantFrom(102, 103, 110, 199), fields: fieldList(3) })
const status = fc.oneof(fc.constantFrom(200, 200, 404, 503, 204, 304), fc.integer({ min: 200, max: 599 }))

const lines = (fields: readonly (readonly string[])[]): string =>
  fields.map(([each, before, what, behind]) => `${each}:${before}${what}${behind}\r\n`).join('')
const flat = (fields: readonly (readonly string[])[]): string[] =>
  fields.flatMap(([each, , what]) => [each as string, what as string])

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
    const pieces = chunks.map(({ data, zeros, upper, extension }) => {
      const size = data.length.toString(16)
      return `${zeros}${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`
    })
    const own = {
      length: `Content-Length: ${chunks.reduce((sum, each) => sum + each.data.length, 0)}\r\n`,
      chunked: 'Transfer-Encoding: chunked\r\n',
      close: '',
    }[framing]
    const coded = framing === 'chunked' ? `${pieces.join('')}${lastChunk}\r\n${lines(trailers)}\r\n` : whole
    const before = interims.map(each => `HTTP/1.1 ${each.status} \r\n${lines(each.fields)}\r\n`).join('')
    return {
      method,
      bytes: `${before}HTTP/1.1 ${status} ${reason}\r\n${lines(fields)}${own}\r\n${bodiless ? '' : coded}`,
      untilClose: !bodiless && framing === 'close',
      interims: interims.map(each => each.status),
      status,
      reason,
      fields: flat(fields),
      body: whole,
      trailers: framing === 'chunked' && !bodiless ? flat(trailers) : [],
    }
  })

/** Where to cut: the positions are taken modulo the length. */
export const cuts = fc.array(fc.nat(2_000), { maxLength: 12 })

export function cutAt(bytes: string, positions: readonly number[]): string[] {
  const sorted = [...new Set([0, ...positions.map(each => each % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  )
  return sorted.slice(1).map((end, i) => bytes.slice(sorted[i], end))
}

const SNIPPETS = [
  ['\r', '\n', '\r\n', '\n\n', ' ', '\t', '\0', '\x7f', '\xa0', ':', ',', ';', '0', '1', 'f', '"', '+', '-', '0x'],
  ['\r\n\r\n', '0\r\n\r\n', '\r\n ', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.0', 'chunked', 'identity', 'close', ' 204 '],
  ['Content-Length: 3\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n'],
].flat()
const mutation = fc.record({
  at: fc.nat(2_000),
  removed: fc.constantFrom(0, 0, 1, 1, 2, 5),
  put: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('', ...SNIPPETS) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)) },
  ),
  /** Where the structure is: at the line end behind the position. */
  atLineEnd: fc.boolean(),
})

/** The bytes of a valid answer with a few mistakes in them. */
export const brokenAnswer = fc
  .tuple(madeAnswer, fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([{ method, bytes }, mutations]) => {
    let broken = bytes
    for (const { at, removed, put, atLineEnd } of mutations) {
      const position = at % (broken.length + 1)
      const lineEnd = broken.indexOf('\r\n', position)
      const from = atLineEnd && lineEnd !== -1 ? lineEnd : position
      broken = broken.slice(0, from) + put + broken.slice(from + removed)
    }
    return { method, bytes: broken }
  })
