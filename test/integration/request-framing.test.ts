import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw, type Closed } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream(async (request, respond) => {
    await request.body
    respond.reply(200, {}, request.target)
  })
  shadow = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    upstreams: { live: primary.url, copy: shadow.url },
    routes: [{ name: 'r', match: {}, primary: 'live', shadows: [{ upstream: 'copy', percent: 100 }] }],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
  await shadow.stop()
})

/** What must never become a request of its own: it is smuggled behind another one. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n'
const post = (headers: string, body: string): string => `POST /x HTTP/1.1\r\nHost: h\r\n${headers}\r\n\r\n${body}`
const get = (headers: string): string => `GET /x HTTP/1.1\r\n${headers}\r\n\r\n`
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body)

interface Refusal {
  readonly status: number
  readonly code: string
  readonly connection: string | undefined
  readonly closed: Closed
  readonly rest: string
  /** Requests that reached the primary or the shadow. */
  readonly leaked: number
}

const reached = (): number => primary.requestCount + shadow.requestCount

/** Sends these bytes, and the smuggled request behind them, and reads until the proxy closes. */
async function refusalOf(bytes: string): Promise<Refusal> {
  const before = reached()
  const client = await connectRaw(proxy.port)
  client.send(bytes + SMUGGLED)
  const answer = await client.readResponse()
  const { bytes: rest, closed } = await client.readUntilClose()
  client.destroy()
  expect(answer.header('content-type')).toBe('application/problem+json')
  const problem = JSON.parse(answer.body.toString()) as { code: string; status: number }
  expect(problem.status).toBe(answer.status)
  return {
    status: answer.status,
    code: problem.code,
    connection: answer.header('connection'),
    closed,
    rest: rest.toString(),
    leaked: reached() - before,
  }
}

const BAD = { status: 400, code: 'BAD_REQUEST', connection: 'close', closed: 'fin', rest: '', leaked: 0 }
const UNKNOWN_CODING = { ...BAD, status: 501, code: 'NOT_IMPLEMENTED' }

describe('A1, A2, A3: a length that can be read in two ways is refused, and nothing reaches an upstream', () => {
  test.each([
    'Content-Length: 3\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 3',
    'Content-Length: 3\r\nContent-Length: 3',
    'Content-Length: 3\r\nContent-Length: 4',
    'Content-Length: 3, 3',
    'Content-Length: +3',
    'Content-Length: 0x3',
    'Content-Length: -1',
    'Content-Length: 3 3',
    'Content-Length: 3.0',
    'Content-Length:',
    'Content-Length: 99999999999999999999999',
  ])('%j', async headers => {
    expect(await refusalOf(post(headers, '0\r\n\r\n'))).toEqual(BAD)
  })
})

describe('A4, A5: a transfer coding other than chunked is refused, and what follows is no request', () => {
  test.each(['gzip, chunked', 'gzip', 'identity', 'xchunked', 'chunked;q=1', '"chunked"'])('%s', async coding => {
    const body = coding === 'gzip, chunked' ? '3\r\nabc\r\n0\r\n\r\n' : ''
    expect(await refusalOf(post(`Transfer-Encoding: ${coding}`, body))).toEqual(UNKNOWN_CODING)
  })

  test.each([
    'chunked, gzip',
    'chunked, chunked',
    'chunked,',
    '',
    'chunked\x0b',
    'chunked\r\nTransfer-Encoding: chunked',
  ])('%j', async coding => {
    expect(await refusalOf(post(`Transfer-Encoding: ${coding}`, '3\r\nabc\r\n0\r\n\r\n'))).toEqual(BAD)
  })

  test('in HTTP/1.0, also on a connection that is to be kept', async () => {
    const head = 'POST /x HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await refusalOf(`${head}0\r\n\r\n`)).toEqual(BAD)
  })
})

describe('A6: one Host, no more and no less', () => {
  test.each(['Host: a\r\nHost: b', 'Host: a\r\nhost: a', 'Accept: a'])('%j', async headers => {
    expect(await refusalOf(get(headers))).toEqual(BAD)
  })

  test.each(['a, b', 'user@a', 'a/b', 'a b', 'a:b'])('Host %s, which is none, reaches nobody', async host => {
    const before = reached()
    const client = await connectRaw(proxy.port)
    client.send(get(`Host: ${host}`))
    const answer = await client.readResponse()
    client.destroy()
    expect([answer.status, reached() - before]).toEqual([400, 0])
  })
})

describe('A8: bytes that are not HTTP are refused', () => {
  test.each([
    ['bare LF', 'GET /x HTTP/1.1\nHost: h\n\n'],
    ['one bare LF', get('Host: h\nX: y')],
    ['bare CR', get('Host: h\r\nX: a\rY: b')],
    ['a folded line', get('Host: h\r\nX: a\r\n b')],
    ['a folded first line', get(' Host: h')],
    ['a space before the colon', get('Host : h')],
    ['no colon', get('Host: h\r\nX')],
    ['an empty name', get('Host: h\r\n: x')],
    ['a control character in a name', get('Host: h\r\nX\x01: a')],
    ...['\0', '\x01', '\x0b', '\x7f'].map(octet => [
      `the octet ${octet.charCodeAt(0)}`,
      get(`Host: h\r\nX: a${octet}b`),
    ]),
    ['an unknown version', 'GET /x HTTP/2.0\r\nHost: h\r\n\r\n'],
    ['no version', 'GET /x\r\n\r\n'],
    ['an unknown method', 'FOO /x HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a target in UTF-8', 'GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n'],
  ])('%s', async (_, bytes) => {
    expect(await refusalOf(bytes)).toEqual(BAD)
  })

  test.each([
    '0x3\r\nabc\r\n0\r\n\r\n',
    '+3\r\nabc\r\n0\r\n\r\n',
    ' 3\r\nabc\r\n0\r\n\r\n',
    '3 \r\nabc\r\n0\r\n\r\n',
    '3\nabc\r\n0\r\n\r\n',
    '3;a=b\nabc\r\n0\r\n\r\n',
    '3;\0\r\nabc\r\n0\r\n\r\n',
    '3\r\nabcd\r\n0\r\n\r\n',
    '3\r\nabc0\r\n\r\n',
    'fffffffffffffffff\r\nabc',
    '3\r\nabc\r\n0\r\nX: a\n\r\n',
  ])('the chunks %j', async body => {
    expect(await refusalOf(chunked(body))).toEqual(BAD)
  })

  test('a chunk that breaks when the upload is already on its way: the model server gets no whole request', async () => {
    const client = await connectRaw(proxy.port)
    client.send(chunked('3\r\nabc\r\n').replace('/x', '/breaks'))
    await expect.poll(() => primary.requests.at(-1)?.target).toBe('/breaks')
    client.send('0x3\r\nabc\r\n0\r\n\r\n')
    expect((await client.readResponse()).status).toBe(400)
    expect(await client.closed).toBe('fin')
    const broken = primary.requests.find(each => each.target === '/breaks')
    await broken?.gone
    expect(broken?.bodyState).toBe('aborted')
  })
})

describe('A10: bytes behind a request', () => {
  test('are requests where the framing is sound, answered in order', async () => {
    const client = await connectRaw(proxy.port)
    client.send(
      post('Content-Length: 3', 'abc') + chunked('3;ext=1\r\nabc\r\n0\r\nX: t\r\n\r\n').replace('/x', '/y') + SMUGGLED,
    )
    const answers = [await client.readResponse(), await client.readResponse(), await client.readResponse()]
    client.destroy()
    expect(answers.map(each => each.body.toString())).toEqual(['/x', '/y', '/smuggled'])
  })

  test.each(['abc', 'GARBAGE\r\n\r\n', '\0\0\0'])(
    'that are none do not cost the request before its answer: %j',
    async bytes => {
      const client = await connectRaw(proxy.port)
      client.send(get('Host: h') + bytes + (bytes === 'abc' ? ' \r\n' : ''))
      const answer = await client.readResponse()
      expect([answer.status, answer.body.toString(), answer.header('connection')]).toEqual([200, '/x', 'close'])
      expect((await client.readUntilClose()).bytes.toString()).toBe('')
    },
  )

  test('are not read when the client has said that its request is the last', async () => {
    const before = reached()
    const client = await connectRaw(proxy.port)
    client.send(get('Host: h\r\nConnection: close') + SMUGGLED)
    const answer = await client.readResponse()
    expect([answer.status, answer.body.toString()]).toEqual([200, '/x'])
    expect((await client.readUntilClose()).bytes.toString()).toBe('')
    await expect.poll(() => reached() - before).toBe(2) // the primary and its shadow, once each
  })
})

const logged = (): number => proxy.log.filter(line => line.code === 'EXPECTATION_FAILED').length
const counted = async (): Promise<number> =>
  (await proxy.readMetrics()).sum('understudy_errors_total', { code: 'EXPECTATION_FAILED', leg: 'client' })

test('a refusal is counted under its code, and said at most once a second', async () => {
  const startMs = performance.now()
  for (let i = 0; i < 20; i++) {
    const { status, code } = await refusalOf(get('Host: h\r\nExpect: a-miracle'))
    expect([status, code]).toEqual([417, 'EXPECTATION_FAILED'])
  }
  const seconds = Math.ceil((performance.now() - startMs) / 1000)
  await expect.poll(counted, { timeout: 5000 }).toBe(20)
  expect(logged()).toBeGreaterThanOrEqual(1)
  expect(logged()).toBeLessThanOrEqual(seconds + 1)
})

test('no model server got anything that a strict reader would refuse', () => {
  expect([...primary.violations, ...shadow.violations]).toEqual([])
})
