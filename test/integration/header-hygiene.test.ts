import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Header } from '../support/http1-message.ts'
import { connectRaw } from '../support/raw-client.ts'
import type { RawResponse } from '../support/raw-response.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import type { HeaderInput } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy
let answerHeaders: HeaderInput = {}

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200, answerHeaders, 'abc'))
  shadow = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    upstreams: { live: primary.url, copy: shadow.url },
    routes: [
      {
        name: 'r',
        match: {},
        primary: 'live',
        shadows: [{ upstream: 'copy', percent: 100, headers: { remove: [] } }],
      },
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
  await shadow.stop()
})

beforeEach(() => {
  answerHeaders = {}
})

interface Seen {
  readonly answer: RawResponse
  readonly live: UpstreamRequest
  readonly copy: UpstreamRequest
}

/** What the primary, the shadow and the client got when the client sent these header lines. */
async function exchange(...lines: string[]): Promise<Seen> {
  const [before, copies] = [primary.requests.length, shadow.requests.length]
  const client = await connectRaw(proxy.port)
  client.send(['POST /x HTTP/1.1', 'Host: models.example', 'Content-Length: 3', ...lines, '', 'abc'].join('\r\n'))
  const answer = await client.readResponse()
  client.destroy()
  const live = primary.requests[before] as UpstreamRequest
  return { answer, live, copy: await eventually(() => shadow.requests[copies]) }
}

const names = (headers: readonly Header[]): string[] => headers.map(([name]) => name.toLowerCase())
const legsOf = ({ live, copy }: Seen): UpstreamRequest[] => [live, copy]

const HOP_BY_HOP = [
  'Connection: keep-alive, X-Secret, x-other',
  'X-Secret: 1',
  'X-OTHER: 2',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'Proxy-Authorization: Basic x',
  'TE: gzip',
  'Trailer: X-T',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABk',
]

describe('B1: what belongs to one connection stays there', () => {
  test('on the way to the primary and to the shadow', async () => {
    const seen = await exchange(...HOP_BY_HOP, 'X-Kept: yes')
    const gone = ['x-secret', 'x-other', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer']
    for (const leg of legsOf(seen)) {
      expect(leg.header('x-kept')).toBe('yes')
      expect(leg.headerAll('connection')).toEqual([])
      for (const name of [...gone, 'upgrade', 'http2-settings', 'transfer-encoding']) {
        expect(names(leg.headers)).not.toContain(name)
      }
    }
  })

  test('on the way back', async () => {
    answerHeaders = [
      ['Connection', 'keep-alive, X-Secret'],
      ['X-Secret', '1'],
      ['Keep-Alive', 'timeout=7777'],
      ['Proxy-Connection', 'close'],
      ['Proxy-Authenticate', 'Basic'],
      ['TE', 'trailers'],
      ['Upgrade', 'h2c'],
      ['Trailer', 'X-T'],
      ['X-Kept', 'yes'],
    ]
    const { answer } = await exchange()
    expect(answer.header('x-kept')).toBe('yes')
    for (const name of ['x-secret', 'proxy-connection', 'proxy-authenticate', 'te', 'upgrade', 'trailer']) {
      expect(names(answer.headers)).not.toContain(name)
    }
    expect(answer.header('keep-alive')).not.toContain('7777')
    expect(answer.headerAll('connection')).toEqual(['keep-alive'])
  })

  test.each([
    ['1.1', 'GET', ['keep-alive'], ['chunked'], 'abc'],
    ['1.1', 'HEAD', ['keep-alive'], [], ''],
    ['1.0', 'GET', ['close'], [], 'abc'],
  ])(
    'on the way back of chunks, of which a client has its own: HTTP/%s %s',
    async (version, method, connection, coding, body) => {
      answerHeaders = [
        ['Transfer-Encoding', 'Chunked'],
        ['Connection', 'close, X-Secret'],
        ['Trailer', 'X-T'],
        ['X-Secret', '1'],
      ]
      const client = await connectRaw(proxy.port)
      client.send(`${method} /x HTTP/${version}\r\nHost: models.example\r\n\r\n`)
      const answer = await client.readResponse({ method })
      client.destroy()
      expect([answer.headerAll('connection'), answer.headerAll('transfer-encoding')]).toEqual([connection, coding])
      // An announcement is for those who can get trailers.
      expect(answer.headerAll('trailer')).toEqual(coding.length > 0 ? ['X-T'] : [])
      expect([names(answer.headers).includes('x-secret'), answer.body.toString()]).toEqual([false, body])
    },
  )
})

describe('B2: Connection cannot take away what is for the whole way', () => {
  test('to the model server', async () => {
    const listed = 'content-length, host, authorization, cookie, content-type, content-encoding, x-request-id'
    const own = 'x-forwarded-for, x-forwarded-proto, x-forwarded-host'
    const seen = await exchange(
      `Connection: ${listed}, ${own}`,
      'Authorization: Bearer a',
      'Cookie: c=1',
      'Content-Type: a/b',
      'Content-Encoding: gzip',
      'X-Request-Id: id-7',
    )
    for (const leg of legsOf(seen)) {
      for (const name of `${listed}, ${own}`.split(', ')) expect([name, leg.headerAll(name).length]).toEqual([name, 1])
      expect([leg.header('host'), leg.header('x-request-id')]).toEqual(['models.example', 'id-7'])
      expect((await leg.body).data?.toString()).toBe('abc')
    }
  })

  test('to the client', async () => {
    answerHeaders = [
      ['Connection', 'content-length, content-type, x-request-id'],
      ['Content-Type', 'a/b'],
      ['Content-Length', '3'],
    ]
    const { answer } = await exchange()
    expect([answer.header('content-type'), answer.header('content-length')]).toEqual(['a/b', '3'])
  })
})

describe('B4: order, case and number of headers are kept', () => {
  const LINES = [
    'X-b: 1',
    'Accept: a',
    'x-B: 2',
    'ACCEPT: b',
    'Cookie: c=1',
    'Cookie: d=2',
    'X-Empty:',
    'X-Latin: caf\xe9',
  ]
  const parsed = LINES.map(
    line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
  )
  const theirs = (headers: readonly Header[]): Header[] =>
    headers.filter(header => parsed.some(([name]) => name.toLowerCase() === header[0].toLowerCase()))

  test('to both legs', async () => {
    for (const leg of legsOf(await exchange(...LINES))) expect(theirs(leg.headers)).toEqual(parsed)
  })

  test('to the client, Set-Cookie included', async () => {
    answerHeaders = [...parsed, ['Set-Cookie', 'a=1'], ['X-Between', '1'], ['set-cookie', 'b=2; Path=/']]
    const { answer } = await exchange()
    const kept = answer.headers.filter(([name]) =>
      /^(?:x-(?:b|empty|latin|between)|accept|cookie|set-cookie)$/i.test(name),
    )
    expect(kept).toEqual(answerHeaders)
  })

  test('names that look like pseudo-headers are no HTTP/1.1', async () => {
    const before = primary.requestCount
    const client = await connectRaw(proxy.port)
    client.send('GET /x HTTP/1.1\r\nHost: h\r\n:authority: evil\r\n\r\n')
    expect([(await client.readResponse()).status, primary.requestCount - before]).toEqual([400, 0])
    client.destroy()
  })
})

describe('B7: headers that steer the proxy cannot be sent from outside', () => {
  test('they reach neither leg, and do not come back', async () => {
    answerHeaders = { 'X-Understudy-Arm': 'canary', 'x-understudy-role': 'x', 'X-Request-Id': 'from-the-server' }
    const spoofed = [
      'X-Understudy-Arm: canary',
      'x-understudy-anything: 1',
      'X-UNDERSTUDY-ROUTE: other',
      'X-Request-Id: mine',
    ]
    const seen = await exchange(...spoofed)
    expect(names(seen.live.headers).filter(name => name.startsWith('x-understudy'))).toEqual([])
    expect(seen.copy.headers.filter(([name]) => /^x-understudy/i.test(name))).toEqual([['x-understudy-role', 'shadow']])
    expect(seen.answer.headers.filter(([name]) => /^x-understudy/i.test(name))).toEqual([
      ['x-understudy-arm', 'primary'],
    ])
    expect(seen.answer.headerAll('x-request-id')).toEqual(['mine'])
  })

  test.each([['X-Request-Id:'], [`X-Request-Id: ${'a'.repeat(201)}`]])(
    'an id that cannot be used is replaced: %.30s',
    async line => {
      const { answer, live, copy } = await exchange(line)
      const id = answer.header('x-request-id') as string
      expect(id).toMatch(/^[\w-]{8,200}$/)
      expect([live.headerAll('x-request-id'), copy.headerAll('x-request-id')]).toEqual([[id], [id]])
    },
  )
})

describe('B16: the body and its type are opaque', () => {
  test.each(['application/json ;charset = "utf-8"', 'APPLICATION/JSON;', 'multipart/form-data; boundary="a b"', ', ,'])(
    '%s',
    async type => {
      answerHeaders = { 'Content-Type': type }
      const seen = await exchange(`Content-Type: ${type}`)
      for (const leg of legsOf(seen)) {
        expect(leg.headers).toContainEqual(['Content-Type', type])
        expect((await leg.body).data?.toString()).toBe('abc') // no JSON, whatever its type says
      }
      expect(seen.answer.headers).toContainEqual(['Content-Type', type])
    },
  )
})
