import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { selfSigned } from '../support/self-signed.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually, within } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const certificate = selfSigned(['localhost'])
const IDLE_MS = 600
const HEADER_WAIT_MS = 500
const LATE_MS = 800
const LARGE_BYTES = 8 * 1024 * 1024

let upstream: UpstreamServer
let proxy: InProcessPlane

beforeEach(async () => {
  upstream = await startUpstream(async (request, respond) => {
    const body = await request.body
    respond.reply(200, {}, `${request.target} ${body.data?.toString() ?? ''}`)
  })
  const tls = JSON.stringify({ cert: certificate.cert, key: certificate.key })
  proxy = await InProcessPlane.start(
    loadText(`listen: { address: "127.0.0.1:0", threads: 1, tls: ${tls} }
limits: { idle: ${IDLE_MS}ms, header_wait: ${HEADER_WAIT_MS}ms }
upstreams: { v1: "${upstream.url}" }
routes: [{ name: r, match: { prefix: /r }, primary: v1 }]
`),
  )
})
afterEach(async () => {
  await eventually(() => proxy.plane.connections === 0 && proxy.plane.inFlight === 0)
  proxy.stop()
  await upstream.stop()
})

const open = (): Promise<RawClient> =>
  connectRaw(proxy.port, { tls: { ca: certificate.cert, servername: 'localhost' } })
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`
const post = (target: string, body: string): string =>
  `POST ${target} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe('over TLS', () => {
  test('requests that are sent ahead are answered in order, byte by byte as well', async () => {
    const client = await open()
    const requests = Array.from({ length: 200 }, (_, i) => (i % 2 ? post(`/r/${i}`, `b${i}`) : get(`/r/${i}`)))
    client.send(requests.join(''))
    for (let i = 0; i < 200; i++)
      expect((await client.readResponse()).body.toString()).toBe(`/r/${i} ${i % 2 ? `b${i}` : ''}`)
    for (const byte of post('/r/slow', 'ab')) {
      client.send(byte)
      await new Promise(setImmediate)
    }
    expect((await client.readResponse()).body.toString()).toBe('/r/slow ab')
    client.destroy()
  })

  test.each([
    ['a half-close', (client: RawClient) => client.halfClose()],
    ['a connection that is cut', (client: RawClient) => client.reset()],
  ])('%s in the middle of a body, or of an answer, takes the request along', async (_, leave) => {
    for (const sent of [post('/r/x', 'abc').slice(0, -1), get('/r/x')]) {
      const arrived = Promise.withResolvers<UpstreamRequest>()
      upstream.handle((request, respond) => {
        respond.head(200)
        respond.write('the beginning')
        arrived.resolve(request)
      })
      const client = await open()
      client.send(sent)
      const request = await within(arrived.promise, 5_000, 'the request did not arrive')
      await eventually(() => client.receivedBytes > 0)
      leave(client)
      await within(request.gone, 5_000, 'the model server was left working')
      await eventually(() => proxy.plane.connections === 0)
      client.destroy()
    }
  })

  test('a half-close behind an answer closes the connection, and within a head as well', async () => {
    const client = await open()
    client.send(get('/r/x'))
    await client.readResponse()
    client.halfClose()
    expect(await client.closed).toBe('fin')
    const other = await open()
    other.send('GET /r/x HT')
    other.halfClose()
    expect((await other.readUntilClose()).bytes).toHaveLength(0)
  })

  test('a large answer that is read in fits and starts is whole', async () => {
    const body = Buffer.alloc(LARGE_BYTES)
    for (let i = 0; i < LARGE_BYTES; i += 4) body.writeUInt32LE(i, i)
    upstream.handle(async (_request, respond) => {
      respond.head(200)
      for (let at = 0; at < LARGE_BYTES; at += 50_001) {
        if (!respond.write(body.subarray(at, at + 50_001))) await respond.drained()
      }
      respond.end()
    })
    const client = await open()
    const hash = createHash('sha256')
    let stops = 0
    client.send(get('/r/large') + get('/none'))
    const answer = await client.readResponse({
      keepBody: false,
      timeoutMs: 20_000,
      onBody: piece => {
        hash.update(piece)
        if (client.receivedBytes < stops * 1024 * 1024) return
        stops++
        client.pause()
        setTimeout(() => client.resume(), 20)
      },
    })
    expect([answer.ended, answer.bodyBytes]).toEqual(['complete', LARGE_BYTES])
    expect(hash.digest('hex')).toBe(createHash('sha256').update(body).digest('hex'))
    expect((await client.readResponse()).status).toBe(404)
    client.destroy()
  })

  test('a refusal arrives whole though the client is still sending', async () => {
    const client = await open()
    client.pause()
    client.send(`POST /none HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n${'x'.repeat(500_000)}`)
    await sleep(50)
    client.send('x'.repeat(500_000))
    client.resume()
    const answer = await client.readResponse()
    expect([answer.status, answer.header('connection'), await client.closed]).toEqual([404, 'close', 'fin'])
  })

  test('a connection is closed when it is idle for limits.idle, and not while it is used', async () => {
    const used = await open()
    const startMs = performance.now()
    while (performance.now() < startMs + 2 * IDLE_MS) {
      used.send(get('/none'))
      expect((await used.readResponse()).status).toBe(404)
      await sleep(IDLE_MS / 4)
    }
    const idleMs = performance.now()
    await used.closed
    expect(performance.now() - idleMs).toBeGreaterThan(IDLE_MS / 2)
    expect(performance.now() - idleMs).toBeLessThan(IDLE_MS + LATE_MS)
  })

  test('half a head is answered 408', async () => {
    const client = await open()
    client.send('GET / HT')
    expect((await client.readResponse()).status).toBe(408)
    expect(await client.closed).toBe('fin')
  })
})
