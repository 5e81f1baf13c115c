import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let primary: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream((request, respond) => {
    const status = Number(/\d{3}/.exec(request.target)?.[0] ?? 200)
    if (request.target.startsWith('/unknown')) {
      respond.head(status, { 'content-type': 'text/plain' })
      respond.write('the first ')
      respond.write('and the last')
      respond.end()
    } else respond.reply(status, { 'x-target': request.target }, status === 200 ? request.target : '')
  })
  proxy = await startUnderstudy({
    upstreams: { v1: primary.url },
    routes: [{ name: 'r', match: { prefix: '/' }, primary: 'v1' }],
  })
})
afterAll(async () => {
  await proxy.stop()
  await primary.stop()
})

const get = (target: string, version: string, connection: readonly string[] = [], method = 'GET'): string =>
  `${method} ${target} HTTP/${version}\r\nHost: h\r\n${connection.map(each => `Connection: ${each}\r\n`).join('')}\r\n`
const NEXT = get('/next', '1.1')

/** Whether the proxy takes another request behind this one. */
async function goesOn(client: RawClient): Promise<boolean> {
  client.send(NEXT)
  const { bytes } = await Promise.race([
    client.readResponse().then(answer => ({ bytes: answer.body })),
    client.readUntilClose(),
  ])
  return bytes.toString() === '/next'
}

describe('a connection stays open behind an answer', () => {
  test.each([[[]], [['keep-alive']], [['Keep-Alive, x-a']], [['closed']], [['x-close']]])(
    'where a client of HTTP/1.1 does not say close: %j',
    async connection => {
      const client = await connectRaw(proxy.port)
      client.send(get('/', '1.1', connection))
      const answer = await client.readResponse()
      expect([answer.header('connection'), answer.header('keep-alive')]).toEqual(['keep-alive', 'timeout=75'])
      expect(await goesOn(client)).toBe(true)
      client.destroy()
    },
  )

  test.each([[['close']], [['Close']], [['x-a, CLOSE ,x-b']], [['keep-alive', 'close']], [['close, keep-alive']]])(
    'and not where it says it: %j',
    async connection => {
      const client = await connectRaw(proxy.port)
      client.send(get('/', '1.1', connection))
      const answer = await client.readResponse()
      expect([answer.header('connection'), answer.header('keep-alive')]).toEqual(['close', undefined])
      expect(await client.closed).toBe('fin')
    },
  )

  test.each([[[]], [['keep-alive']]])('and never for HTTP/1.0: %j', async connection => {
    const client = await connectRaw(proxy.port)
    client.send(get('/x', '1.0', connection))
    const answer = await client.readResponse()
    expect([answer.body.toString(), answer.header('connection')]).toEqual(['/x', 'close'])
    expect(await client.closed).toBe('fin')
  })
})

describe('an answer of unknown length', () => {
  test('ends with the connection for HTTP/1.0', async () => {
    const client = await connectRaw(proxy.port)
    client.send(get('/unknown', '1.0', ['keep-alive']))
    const answer = await client.readResponse()
    expect([answer.chunked, answer.header('content-length'), answer.header('connection')]).toEqual([
      false,
      undefined,
      'close',
    ])
    expect([answer.body.toString(), await client.closed]).toEqual(['the first and the last', 'fin'])
  })

  test.each([[[]], [['close']]])('comes in chunks for HTTP/1.1, also as the last one: %j', async connection => {
    const client = await connectRaw(proxy.port)
    client.send(get('/unknown', '1.1', connection))
    const answer = await client.readResponse()
    expect([answer.chunked, answer.body.toString()]).toEqual([true, 'the first and the last'])
    if (connection.length > 0) expect(await client.closed).toBe('fin')
    else expect(await goesOn(client)).toBe(true)
    client.destroy()
  })
})

describe('an answer that has no body has not a byte of it, and the next one stands right behind it', () => {
  test.each([
    ['HEAD', '/', 200],
    ['HEAD', '/unknown', 200],
    ['HEAD', '/404', 404],
    ['GET', '/204', 204],
    ['GET', '/unknown/204', 204],
    ['GET', '/304', 304],
    ['HEAD', '/304', 304],
    // The proxy's own, with a length and a type as GET would have them.
    ['HEAD', '/../', 400],
  ])('%s %s', async (method, target, status) => {
    const client = await connectRaw(proxy.port)
    client.send(get(target, '1.1', [], method) + NEXT)
    const answer = await client.readResponse({ method })
    expect([answer.status, answer.bodyBytes]).toEqual([status, 0])
    if (status === 400) {
      expect(answer.header('content-type')).toBe('application/problem+json')
      expect(Number(answer.header('content-length'))).toBeGreaterThan(100)
    }
    const next = await client.readResponse()
    expect([next.body.toString(), client.unreadBytes]).toEqual(['/next', 0])
    client.destroy()
  })

  test('nor where it is the last one', async () => {
    const client = await connectRaw(proxy.port)
    client.send(get('/../', '1.0', [], 'HEAD'))
    expect((await client.readResponse({ method: 'HEAD' })).status).toBe(400)
    expect((await client.readUntilClose()).bytes.toString()).toBe('')
  })
})

test('a CONNECT is refused, counted, and nothing behind it is a request', async () => {
  const before = primary.requestCount
  const client = await connectRaw(proxy.port)
  client.send(`CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n${NEXT}`)
  const answer = await client.readResponse()
  expect([answer.status, answer.header('connection'), await client.closed]).toEqual([501, 'close', 'fin'])
  expect(client.unreadBytes).toBe(0)
  expect(primary.requestCount).toBe(before)
  const counted = { route: '-', leg: 'client', code: 'NOT_IMPLEMENTED' }
  await expect
    .poll(async () => (await proxy.readMetrics()).sum('understudy_errors_total', counted), { timeout: 5_000 })
    .toBe(1)
})
