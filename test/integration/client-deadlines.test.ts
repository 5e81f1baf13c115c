import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { connectWatched } from '../support/watched-client.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const HEADER_WAIT_MS = 400
const REQUEST_MS = 800
const IDLE_MS = 600
/** The wheel and the machine may be late by this. */
const LATE_MS = 600

let upstream: UpstreamServer
/** Accepts connections and never reads. */
let deaf: Server
let proxy: InProcessPlane

beforeEach(async () => {
  upstream = await startUpstream(async (request, respond) => {
    if (request.target === '/early') return respond.reply(200, {}, 'early')
    const body = await request.body
    respond.reply(200, {}, body.data?.toString())
  })
  deaf = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(deaf, 'listening')
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
limits: { header_wait: ${HEADER_WAIT_MS}ms, request: ${REQUEST_MS}ms, idle: ${IDLE_MS}ms, body: 64MiB }
upstreams: { v1: "${upstream.url}", deaf: "http://127.0.0.1:${(deaf.address() as AddressInfo).port}" }
routes: [{ name: deaf, match: { path: /deaf }, primary: deaf }, { name: r, primary: v1 }]
`),
  )
})
afterEach(async () => {
  proxy.stop()
  deaf.close()
  await upstream.stop()
})

const post = (target: string, bytes: number): string =>
  `POST ${target} HTTP/1.1\r\nHost: h\r\nContent-Length: ${bytes}\r\n\r\n`
const errors = (code: string): number =>
  proxy.plane.counters
    .errors()
    .filter(each => each.code === code)
    .reduce((sum, each) => sum + each.count, 0)

/** When the 408 is there, and that nothing is behind it. */
async function timedOutAt(client: RawClient): Promise<number> {
  const answer = await client.readResponse()
  const atMs = performance.now()
  expect([answer.status, answer.header('connection'), await client.closed]).toEqual([408, 'close', 'fin'])
  expect(client.unreadBytes).toBe(0)
  return atMs
}

function expectAbout(ms: number, expectedMs: number): void {
  expect(ms).toBeGreaterThan(expectedMs - 50)
  expect(ms).toBeLessThan(expectedMs + LATE_MS)
}

describe('C7: time is counted for each request of a connection', () => {
  test('the head of a later one has its own', async () => {
    const client = await connectRaw(proxy.port)
    client.send(`${post('/', 2)}ab`)
    expect((await client.readResponse()).body.toString()).toBe('ab')
    await sleep(HEADER_WAIT_MS / 2)
    const begunMs = performance.now()
    client.send('GET / HTTP/1.1\r\n')
    expectAbout((await timedOutAt(client)) - begunMs, HEADER_WAIT_MS)
    expect(errors('REQUEST_TIMEOUT')).toBe(1)
  })

  test('the body of a later one as well, from the first byte of its head', async () => {
    const client = await connectRaw(proxy.port)
    client.send(`${post('/', 2)}ab`)
    await client.readResponse()
    await sleep(IDLE_MS / 2)
    const begunMs = performance.now()
    client.send(post('/', 9).slice(0, 20))
    await sleep(HEADER_WAIT_MS / 2)
    client.send(`${post('/', 9).slice(20)}ab`)
    expectAbout((await timedOutAt(client)) - begunMs, REQUEST_MS)
    expect([errors('REQUEST_TIMEOUT'), proxy.plane.inFlight]).toEqual([1, 0])
  })

  test('a connection that was opened before it was needed does not cost the first one its time', async () => {
    const client = await connectRaw(proxy.port)
    await sleep(HEADER_WAIT_MS / 2)
    const begunMs = performance.now()
    client.send(`${post('/', 9)}ab`)
    expectAbout((await timedOutAt(client)) - begunMs, REQUEST_MS)
  })

  test('empty lines are no request: a connection on which nothing else comes is cut', async () => {
    const client = await connectRaw(proxy.port)
    const begunMs = performance.now()
    const timer = setInterval(() => client.send('\r\n'), 50)
    expectAbout((await timedOutAt(client)) - begunMs, HEADER_WAIT_MS)
    clearInterval(timer)
  })
})

test('A11: behind an early answer the rest of the body may come slowly, and the next request is intact', async () => {
  const client = await connectRaw(proxy.port)
  client.send(`${post('/early', 20)}x`)
  expect((await client.readResponse()).body.toString()).toBe('early')
  for (let i = 0; i < 19; i++) {
    await sleep(REQUEST_MS / 15)
    client.send('x')
  }
  client.send(`${post('/', 4)}next`)
  expect((await client.readResponse()).body.toString()).toBe('next')
  client.destroy()
})

test('a client that vanishes while its upload is held back is forgotten at limits.request', async () => {
  const { client, socket } = await connectWatched(proxy.plane)
  client.send(post('/deaf', 60e6))
  client.send(Buffer.alloc(50e6, 'x'))
  await eventually(() => socket.isPaused() && client.unsentBytes > 0)
  const before = socket.bytesRead
  client.reset()
  await eventually(() => proxy.plane.inFlight === 0 && socket.destroyed, REQUEST_MS + LATE_MS)
  expect(before).toBeLessThan(50e6)
})

describe('C7: a last answer that its client does not read', () => {
  const CLOSING = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'

  test('is cut at limits.idle with a reset, and counted', async () => {
    const { client, socket } = await connectWatched(proxy.plane)
    upstream.handle(async (_request, respond) => {
      respond.head(200)
      while (socket.writableLength === 0) {
        respond.write(Buffer.alloc(16 * 1024))
        await sleep(1)
      }
      respond.end()
    })
    client.pause()
    client.send(CLOSING)
    await eventually(() => socket.writableLength > 0 && proxy.plane.inFlight === 0)
    const endedMs = performance.now()
    await eventually(() => socket.destroyed)
    expectAbout(performance.now() - endedMs, IDLE_MS)
    client.resume()
    expect(await client.closed).toBe('reset')
    expect(errors('CLIENT_GONE')).toBe(1)
  })

  test('and is whole where it reads it in time', async () => {
    const { client, socket } = await connectWatched(proxy.plane)
    let sentBytes = 0
    upstream.handle(async (_request, respond) => {
      respond.head(200)
      while (socket.writableLength === 0) {
        sentBytes += 16 * 1024
        respond.write(Buffer.alloc(16 * 1024))
        await sleep(1)
      }
      respond.end()
    })
    client.pause()
    client.send(CLOSING)
    await eventually(() => socket.writableLength > 0 && proxy.plane.inFlight === 0)
    await sleep(IDLE_MS / 2)
    client.resume()
    const answer = await client.readResponse({ keepBody: false })
    expect([answer.ended, answer.bodyBytes, await client.closed]).toEqual(['complete', sentBytes, 'fin'])
    expect(errors('CLIENT_GONE')).toBe(0)
  })
})
