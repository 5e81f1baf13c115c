import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { connectWatched, type WatchedClient } from '../support/watched-client.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const KIB = 1024
/** Read of a client before its turn; a read of the kernel may go over it by its own size. */
const AHEAD_BYTES = 64 * KIB
const READ_BYTES = 64 * KIB

let upstream: UpstreamServer
let proxy: InProcessPlane
let watched: WatchedClient

beforeEach(async () => {
  upstream = await startUpstream(async (request, respond) => {
    const body = await request.body
    respond.reply(200, {}, `${request.target} ${body.data?.toString() ?? ''}`)
  })
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
limits: { idle: 5s }
upstreams: { v1: "${upstream.url}" }
routes: [{ name: r, match: { prefix: /r }, primary: v1 }]
`),
  )
  watched = await connectWatched(proxy.plane)
})
afterEach(async () => {
  watched.client.destroy()
  proxy.stop()
  await upstream.stop()
})

const get = (i: number): string => `GET /r/${i} HTTP/1.1\r\nHost: h\r\nX-Fill: ${'x'.repeat(i % 50)}\r\n\r\n`
const post = (i: number): string => {
  const body = `body ${i} ${'y'.repeat(i % 300)}`
  const framing = i % 2 === 0 ? `Content-Length: ${body.length}` : 'Transfer-Encoding: chunked'
  const sent = i % 2 === 0 ? body : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  return `POST /r/${i} HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n${sent}`
}
const bodyOf = (i: number): string => `/r/${i} ${i % 3 === 0 ? '' : `body ${i} ${'y'.repeat(i % 300)}`}`
const requests = (count: number): string =>
  Array.from({ length: count }, (_, i) => (i % 3 === 0 ? get(i) : post(i))).join('')

/** The next `count` answers are those to the requests from `from` on. */
async function expectAnswers(from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    const answer = await watched.client.readResponse({ timeoutMs: 10_000 })
    expect([answer.status, answer.body.toString()]).toEqual([200, bodyOf(i)])
  }
}

describe('requests that are sent ahead', () => {
  test('3 000 in one go, with bodies, read late: all are answered, in order', async () => {
    const { client, socket } = watched
    client.pause()
    client.send(requests(3_000))
    await eventually(() => upstream.requestCount > 50)
    client.resume()
    await expectAnswers(0, 3_000)
    expect([upstream.requestCount, client.unreadBytes, socket.writableLength]).toEqual([3_000, 0, 0])
  }, 60_000)

  test('30 000 that are refused at once, read late: all are answered, the proxy holds none of it', async () => {
    const { client, socket } = watched
    client.pause()
    client.send('GET /no-route HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(30_000))
    // The kernel takes no more answers, so that no more requests are taken either: what waits is one answer.
    await eventually(() => socket.writableLength > 0)
    await sleep(200)
    expect(socket.writableLength).toBeLessThan(2 * KIB)
    client.resume()
    for (let i = 0; i < 30_000; i++) {
      const answer = await client.readResponse({ timeoutMs: 10_000 })
      if (answer.status !== 404) expect(answer.status).toBe(404)
    }
    expect([client.unreadBytes, upstream.requestCount]).toEqual([0, 0])
  }, 60_000)

  test('beyond 64 KiB are not read before their turn, and then go on', async () => {
    const answers: Respond[] = []
    upstream.handle((_request, respond) => void answers.push(respond))
    const { client, socket } = watched
    const before = socket.bytesRead
    // More than the kernel's buffers take.
    client.send(get(0) + requests(100_000).slice(get(0).length))
    await eventually(() => answers.length === 1)
    await sleep(200)
    expect(socket.bytesRead - before).toBeLessThanOrEqual(AHEAD_BYTES + READ_BYTES)
    expect(client.unsentBytes).toBeGreaterThan(0)
    upstream.handle(async (request, respond) => {
      const body = await request.body
      respond.reply(200, {}, `${request.target} ${body.data?.toString() ?? ''}`)
    })
    answers[0]?.reply(200, {}, bodyOf(0))
    await expectAnswers(0, 500)
    expect(socket.bytesRead - before).toBeGreaterThan(AHEAD_BYTES + READ_BYTES)
  }, 60_000)
})
