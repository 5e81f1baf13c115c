import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { selfSigned } from '../support/self-signed.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { refusedHandshake, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

const HANDSHAKE =
  'Host: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
let plain: UpstreamServer
let silent: Server
let untrusted: WsUpstream
let strict: WsUpstream
let proxy: RunningUnderstudy
const failures: { route: string; code: string }[] = []

beforeAll(async () => {
  plain = await startUpstream((request, respond) => {
    switch (request.target) {
      case '/plain/chunked':
        respond.head(403, { 'x-reason': 'no', 'keep-alive': 'timeout=5', 'x-understudy-arm': 'forged' })
        respond.write('not ')
        respond.write('you')
        respond.end()
        break
      case '/plain/wrong-accept':
        respond.raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n')
        respond.raw('Sec-WebSocket-Accept: bm90IHRoZSByaWdodCBvbmU=\r\n\r\n')
        break
      case '/plain/broken':
        respond.raw('SSH-2.0-OpenSSH\r\n')
        break
      case '/plain/reset':
        respond.reset()
        break
      case '/plain/slow':
        respond.head(200)
        setTimeout(() => {
          respond.write('slowly')
          respond.end()
        }, 100)
        break
      case '/plain/hang':
        respond.hang()
        break
      default:
        respond.reply(200, {}, `${request.method} ${request.header('upgrade')} ${request.bodyBytes}`)
    }
  })
  // Takes connections into its backlog, and no more than that.
  silent = createServer(() => {})
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  untrusted = await startWsUpstream({ tls: selfSigned() })
  strict = await startWsUpstream({ verifyClient: (_info, done) => done(false, 426, 'too old') })
  const timeouts = { connect: '300ms', first_byte: '300ms' }
  proxy = await startUnderstudy({
    upstreams: {
      plain: { endpoints: plain.url, timeouts },
      dead: 'http://127.0.0.1:1',
      silent: { endpoints: `https://127.0.0.1:${(silent.address() as AddressInfo).port}`, timeouts },
      untrusted: untrusted.url,
      strict: strict.url,
    },
    routes: [
      ...['dead', 'silent', 'untrusted', 'strict'].map(name => ({ name, match: { path: `/${name}` }, primary: name })),
      { name: 'plain', match: { prefix: '/plain/' }, primary: 'plain' },
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  silent.close()
  await Promise.all([plain.stop(), untrusted.stop(), strict.stop()])
})

describe('D6: an upgrade that fails is answered with a problem, counted and logged', () => {
  test.each([
    ['refuses connections', '/dead', 502, 'UPSTREAM_CONNECT'],
    ['does not finish its TLS handshake', '/silent', 502, 'UPSTREAM_CONNECT'],
    ['has a certificate nobody vouches for', '/untrusted', 502, 'UPSTREAM_TLS'],
    ['resets the connection', '/plain/reset', 502, 'UPSTREAM_RESET'],
    ['does not speak HTTP', '/plain/broken', 502, 'UPSTREAM_PROTOCOL'],
    ['gives a wrong Sec-WebSocket-Accept', '/plain/wrong-accept', 502, 'UPSTREAM_PROTOCOL'],
    ['does not answer', '/plain/hang', 504, 'UPSTREAM_TIMEOUT'],
  ])('when the upstream %s', async (_what, path, status, code) => {
    const route = ['/dead', '/silent', '/untrusted'].includes(path) ? path.slice(1) : 'plain'
    const answer = await refusedHandshake(`${proxy.url}${path}`, { headers: { 'x-request-id': `id-${code}` } })
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(JSON.parse(answer.body)).toMatchObject({ status, code, requestId: `id-${code}` })
    await proxy.waitForLog(line => line.code === code && line.route === route && line.level === 'warn')
    failures.push({ route, code })
  })

  test('when no route matches', async () => {
    const answer = await refusedHandshake(`${proxy.url}/nowhere`)
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([404, 'NO_ROUTE'])
  })

  test.each([
    ['no key', 'Connection: Upgrade\r\nUpgrade: websocket\r\nHost: h\r\n'],
    ['a key that is not 16 bytes', HANDSHAKE.replace('dGhlIHNhbXBsZSBub25jZQ==', 'c2hvcnQ=')],
    ['a body', `${HANDSHAKE}Content-Length: 3\r\n`],
    ['a chunked body', `${HANDSHAKE}Transfer-Encoding: chunked\r\n`],
    ['two hosts', `${HANDSHAKE}Host: other\r\n`],
  ])('a handshake with %s is answered 400 and nothing reaches the upstream', async (_what, head) => {
    const before = plain.requestCount
    const client = await connectRaw(proxy.port)
    client.send(`GET /plain/never HTTP/1.1\r\n${head}\r\n`)
    const response = await client.readResponse()
    expect([response.status, response.header('content-type')]).toEqual([400, 'application/problem+json'])
    await client.closed
    expect(plain.requestCount).toBe(before)
  })
})

test('D6: every failed upgrade is counted', async () => {
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    const counted = failures.map(labels => metrics.sum('understudy_errors_total', { ...labels, leg: 'primary' }))
    // Two of them share route and code.
    expect(counted).toEqual([1, 1, 1, 1, 2, 2, 1])
    expect(metrics.sum('understudy_requests_total', { code_class: '5xx' })).toBe(failures.length)
    expect(metrics.sum('understudy_errors_total', { route: '-', leg: 'client', code: 'BAD_REQUEST' })).toBe(5)
    expect(metrics.sum('understudy_errors_total', { route: '-', leg: 'client', code: 'NO_ROUTE' })).toBe(1)
    return true
  })
})

describe('D6: an upstream that refuses the upgrade answers for itself', () => {
  test('its answer arrives whole, framed for this connection, which then closes', async () => {
    const client = await connectRaw(proxy.port)
    client.send(`GET /plain/chunked HTTP/1.1\r\n${HANDSHAKE}\r\n`)
    const response = await client.readResponse()
    expect(response).toMatchObject({ status: 403, ended: 'complete', chunked: false })
    expect(response.body.toString()).toBe('not you')
    expect(response.headerAll('connection')).toEqual(['close'])
    expect(response.headerAll('x-understudy-arm')).toEqual(['primary'])
    expect([response.header('x-reason'), response.header('keep-alive')]).toEqual(['no', undefined])
    expect(await client.closed).toBe('fin')
  })

  test('426 keeps the Upgrade header it must have', async () => {
    const answer = await refusedHandshake(`${proxy.url}/strict`)
    expect([answer.status, answer.headers.upgrade, answer.body]).toEqual([426, 'websocket', 'too old'])
  })
})

test('an upgrade behind a request that is not answered yet waits for that answer', async () => {
  const client = await connectRaw(proxy.port)
  const before = plain.requestCount
  client.send(`GET /plain/slow HTTP/1.1\r\nHost: h\r\n\r\nGET /plain/ws HTTP/1.1\r\n${HANDSHAKE}\r\n`)
  const slow = await client.readResponse()
  expect([slow.status, slow.body.toString(), plain.requestCount]).toEqual([200, 'slowly', before + 1])
  const upgrade = await client.readResponse()
  expect([upgrade.status, plain.requestCount]).toEqual([200, before + 2])
  expect((await client.readUntilClose()).bytes).toHaveLength(0)
})
