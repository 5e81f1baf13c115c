import { gzipSync } from 'node:zlib'
import type { Header } from './http1-message.ts'
import type { UpstreamRequest } from './upstream-request.ts'
import type { Respond } from './upstream-respond.ts'

/** One way to ask. `pieces` are written as they are, one after the other, behind the head. */
export interface CorpusRequest {
  readonly name: string
  readonly method: string
  readonly target: string
  readonly version: '1.0' | '1.1'
  readonly headers: readonly Header[]
  readonly pieces: readonly Buffer[]
}

/** One way to answer, `early` ones before the body of the request is there. */
export interface CorpusAnswer {
  readonly name: string
  readonly early: boolean
  readonly answer: (respond: Respond, request: UpstreamRequest) => void | Promise<void>
}

export interface CorpusCase {
  /** Its place in the corpus. */
  readonly id: number
  readonly name: string
  readonly request: CorpusRequest
  readonly answer: CorpusAnswer
}

const KIB = 1024
const MIB = 1024 * KIB
const JSON_BODY = Buffer.from('{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[0.1,2e-7,-0.0]}]}')

/** Bytes without a pattern that a parser could trip over by chance, the same in every run. */
export function bytes(length: number, seed = 1): Buffer {
  const out = Buffer.alloc(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    out[i] = state >>> 24
  }
  return out
}

function chunk(data: Buffer, extension = ''): Buffer {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}${extension}\r\n`), data, Buffer.from('\r\n')])
}

/** `data` in chunks of these sizes, over and over. */
function chunks(data: Buffer, sizes: readonly number[], extension = ''): Buffer[] {
  const out: Buffer[] = []
  for (let at = 0, i = 0; at < data.length; i++) {
    const size = sizes[i % sizes.length] as number
    out.push(chunk(data.subarray(at, at + size), extension))
    at += size
  }
  return out
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n')
const CHUNKED: Header = ['Transfer-Encoding', 'chunked']
const typed = (type: string): Header => ['Content-Type', type]

function ask(name: string, method: string, more: Partial<CorpusRequest> = {}): CorpusRequest {
  return { name, method, target: '/v2/models/m/infer', version: '1.1', headers: [], pieces: [], ...more }
}

function send(name: string, method: string, body: Buffer, headers: readonly Header[] = []): CorpusRequest {
  return ask(name, method, { headers: [...headers, ['Content-Length', String(body.length)]], pieces: [body] })
}

function stream(
  name: string,
  method: string,
  pieces: readonly Buffer[],
  headers: readonly Header[] = [],
): CorpusRequest {
  return ask(name, method, { headers: [...headers, CHUNKED], pieces })
}

const ODD_HEADERS: readonly Header[] = [
  ['X-Repeated', '1'],
  ['x-repeated', '2'],
  ['X-REPEATED', '1'],
  ['X-Empty', ''],
  ['X-Tab', 'a\tb'],
  ['X-Latin1', 'caf\xe9 \xff'],
  ['X-Quoted', '"a, b"; q="\\"", c'],
  ['X-Long', 'v'.repeat(4 * KIB)],
  ["!#$%&'*+-.^_`|~0", 'every token character'],
  ['Accept', 'text/event-stream;q=1.0, */*'],
  ['User-Agent', 'corpus/1'],
  ['Cookie', 'a=1; b="2"'],
  ['Authorization', 'Bearer abc.def'],
]

export const REQUESTS: readonly CorpusRequest[] = [
  ask('GET', 'GET'),
  ask('GET with odd headers', 'GET', { headers: ODD_HEADERS }),
  ask('GET with an odd target', 'GET', { target: '/a//b/%2F%zz;v=1/~!$&\'()*+,:@?q=%00&&a==b?c|{}"<>^`\\' }),
  ask('GET over HTTP/1.0', 'GET', { version: '1.0' }),
  ask('HEAD', 'HEAD'),
  ask('OPTIONS', 'OPTIONS'),
  ask('DELETE', 'DELETE'),
  send('POST of nothing', 'POST', Buffer.alloc(0)),
  send('POST of JSON', 'POST', JSON_BODY, [typed('application/json; charset=UTF-8')]),
  send('POST of 64 KiB', 'POST', bytes(64 * KIB), [typed('application/octet-stream')]),
  send('POST of 1 MiB', 'POST', bytes(MIB, 2)),
  send('PUT of gzip', 'PUT', gzipSync(JSON_BODY), [typed('application/json'), ['Content-Encoding', 'gzip']]),
  send('GET with a body', 'GET', JSON_BODY),
  stream('POST in single bytes', 'POST', [...chunks(JSON_BODY, [1]), LAST_CHUNK]),
  stream('POST in uneven chunks', 'POST', [...chunks(bytes(300 * KIB, 3), [1, 7, 4096, 65_537]), LAST_CHUNK]),
  stream('POST with chunk extensions', 'PATCH', [...chunks(JSON_BODY, [11], ';ext="a;b"'), LAST_CHUNK]),
  stream('POST of an empty stream', 'POST', [LAST_CHUNK]),
]

function reply(
  name: string,
  status: number,
  headers: readonly Header[] = [],
  body: Buffer | string = '',
): CorpusAnswer {
  return { name, early: false, answer: respond => respond.reply(status, headers, body) }
}

const TRAILERS: readonly Header[] = [
  ['X-Checksum', 'abc'],
  ['X-Checksum', 'def'],
]

export const ANSWERS: readonly CorpusAnswer[] = [
  reply('JSON', 200, [typed('application/json')], '{"outputs":[1]}'),
  reply('nothing', 200),
  reply('64 KiB', 200, [typed('application/octet-stream')], bytes(64 * KIB, 4)),
  reply('1 MiB', 200, [], bytes(MIB, 5)),
  reply(
    'gzip',
    200,
    [
      ['Content-Encoding', 'gzip'],
      ['Vary', 'Accept-Encoding'],
    ],
    gzipSync(JSON_BODY),
  ),
  reply('204', 204, [['X-Done', 'yes']]),
  reply('304', 304, [
    ['ETag', 'W/"1"'],
    ['Content-Length', '15'],
  ]),
  reply('301', 301, [['Location', 'http://elsewhere.test/?a=b#c']]),
  reply('206', 206, [['Content-Range', 'bytes 0-3/10']], 'part'),
  reply('404', 404, [typed('application/problem+json')], '{"title":"no such model"}'),
  reply('503', 503, [['Retry-After', '7']], 'busy'),
  reply('an unknown status', 599, [], 'what'),
  reply(
    'odd headers',
    200,
    [
      ['Set-Cookie', 'a=1; Path=/'],
      ['set-cookie', 'b=2'],
      ['X-Mixed-CASE', 'kept'],
      ['X-Empty', ''],
      ['X-Latin1', 'na\xefve'],
      ['Date', 'Tue, 15 Nov 1994 08:12:31 GMT'],
      ['Server', 'corpus'],
      ['Warning', '299 - "a, b"'],
      ['X-Long', 'w'.repeat(8 * KIB)],
    ],
    'odd',
  ),
  {
    name: 'chunks',
    early: false,
    answer: async respond => {
      respond.head(200, [typed('text/plain')])
      for (let i = 0; i < 5; i++) {
        respond.write(`piece ${i}\n`)
        await new Promise(setImmediate)
      }
      respond.end()
    },
  },
  {
    name: 'chunks with extensions and trailers',
    early: false,
    answer: (respond, { method }) => {
      respond.head(200, [
        ['Transfer-Encoding', 'chunked'],
        ['Trailer', 'X-Checksum'],
      ])
      if (method !== 'HEAD') for (const each of chunks(bytes(3000, 6), [1, 999], ';e=1')) respond.raw(each)
      respond.end(TRAILERS)
    },
  },
  {
    name: 'until the connection closes',
    early: false,
    answer: respond => {
      respond.head(200, [['Connection', 'close']])
      respond.write(bytes(5000, 7))
      respond.close()
    },
  },
  {
    name: 'early hints first',
    early: false,
    answer: respond => {
      respond.informational(103, { Link: '</style.css>; rel=preload; as=style' })
      respond.reply(200, {}, 'after the hints')
    },
  },
  { name: 'an early 413', early: true, answer: respond => respond.reply(413, [], 'too much') },
  { name: 'an early 200', early: true, answer: respond => respond.reply(200, [['X-Early', '1']], bytes(2000, 8)) },
]

/** Every request with every answer. */
export const CORPUS: readonly CorpusCase[] = REQUESTS.flatMap(request =>
  ANSWERS.map(answer => ({ request, answer, name: `${request.name} answered with ${answer.name}` })),
).map((each, id) => ({ ...each, id }))

/** The bytes of a case's request but its body; `more` are lines for the place it is sent to. */
export function headOf({ id, request }: CorpusCase, host: string, more: readonly Header[] = []): string {
  const { method, target, version, headers } = request
  const lines: Header[] = [['Host', host], ['X-Case', String(id)], ...more, ...headers]
  return `${method} ${target} HTTP/${version}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}
