import { METHODS } from 'node:http'
import * as fc from 'fast-check'
import { broken, chunk, fieldList, fieldText, flatFields, mutations, name, pieceOf } from './message-arbitrary.ts'

/** A request as a client may send it, and what is in it. */
export interface MadeRequest {
  readonly bytes: string
  readonly method: string
  readonly target: string
  readonly version: string
  /** Flat, without the framing's own, which stand behind them. */
  readonly fields: readonly string[]
  readonly body: string
  /** Another one may follow. */
  readonly keepAlive: boolean
}

const NAMES = fc.oneof(
  { weight: 3, arbitrary: name },
  {
    weight: 1,
    arbitrary: fc.constantFrom('Cookie', 'cookie', 'Authorization', 'User-Agent', '__proto__', 'constructor', 'Accept'),
  },
)
const visible = fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code))
const path = fc.string({ unit: visible, maxLength: 20 }).map(each => `/${each.replaceAll(/[#.%\\]/g, '-')}`)
const target = fc.oneof(path, path, fc.constantFrom('/', '/v1/chat/completions?a=b&c', 'http://a.test:80/x?y'))
const method = fc.oneof(
  fc.constantFrom('GET', 'POST', 'HEAD'),
  fc.constantFrom(...METHODS.filter(each => each !== 'CONNECT')),
)
/** What says that another request may follow; none does more often. */
const KEEPS = ['', '', '', 'Connection: keep-alive\r\n', 'Connection: x-a, Keep-Alive\r\n']
const CLOSES = ['Connection: close\r\n', 'connection: x-a,\tCLOSE ,x-b\r\n', 'Connection: a\r\nConnection: close\r\n']

export const madeRequest: fc.Arbitrary<MadeRequest> = fc
  .record({
    emptyLines: fc.constantFrom('', '', '', '\r\n', '\r\n\r\n'),
    method,
    target,
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.1', '1.0'),
    connection: fc.constantFrom(...KEEPS, ...KEEPS, ...CLOSES),
    fields: fieldList(6, NAMES),
    framing: fc.constantFrom('none', 'length', 'chunked'),
    chunks: fc.array(chunk, { maxLength: 4 }),
    lastChunk: fc.constantFrom('0', '000', '0;last="1"'),
    trailers: fieldList(3),
  })
  .map(made => {
    const { version, connection, fields, chunks } = made
    const framing = version === '1.0' && made.framing === 'chunked' ? 'length' : made.framing
    const body = framing === 'none' ? '' : chunks.map(each => each.data).join('')
    const own = {
      none: '',
      length: `Content-Length: ${body.length}\r\n`,
      chunked: 'Transfer-Encoding: chunked\r\n',
    }[framing]
    const last = `${made.lastChunk}\r\n${fieldText(made.trailers)}\r\n`
    const sent = framing === 'chunked' ? chunks.map(pieceOf).join('') + last : body
    const line = `${made.method} ${made.target} HTTP/${version}\r\n`
    return {
      bytes: `${made.emptyLines}${line}${fieldText(fields)}Host: h\r\n${connection}${own}\r\n${sent}`,
      method: made.method,
      target: made.target,
      version,
      fields: flatFields(fields),
      body,
      keepAlive: version === '1.1' && !CLOSES.includes(connection),
    }
  })

/** Requests that a client sends one behind the other. */
export const madeRequests = fc.array(madeRequest, { minLength: 1, maxLength: 3 })

export const bytesOf = (requests: readonly MadeRequest[]): string => requests.map(each => each.bytes).join('')

const SNIPPETS = [
  ['\r', '\n', '\r\n', '\n\n', ' ', '\t', '\0', '\x0b', '\x7f', '\xa0', ':', ',', ';', '0', '1', 'f', '"', '+', '-'],
  ['0x', '\r\n\r\n', '0\r\n\r\n', '\r\n ', '\r\n\t', 'HTTP/1.0', 'HTTP/1.1', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['chunked', 'identity', 'close', ', chunked', 'gzip, ', '/../', '%2e', 'CONNECT ', 'get', 'X'],
  ['Content-Length: 3\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n'],
  ['Host: g\r\n', 'Expect: 100-continue\r\n', 'Upgrade: websocket\r\nConnection: upgrade\r\n', 'Trailer: a\r\n'],
  ['\r\nContent-Length:', '\r\nTransfer-Encoding:', '\r\nhost:', ' : ', '__proto__: a\r\n'],
].flat()

/** The bytes of valid requests with a few mistakes in them. */
export const brokenRequests = fc
  .tuple(madeRequests, mutations(SNIPPETS))
  .map(([requests, mistakes]) => broken(bytesOf(requests), mistakes))
