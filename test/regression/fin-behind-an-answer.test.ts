/**
 * A FIN that comes when the answer is whole, but has not left for the client, means that the client sends no more. What it
 * had sent ahead was nevertheless taken for requests: the model server was asked for answers that could not be written any
 * more. And where the rest of the request was still to come, the connection was cut, and the end of the answer was lost.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { UpstreamHandler } from '../support/upstream-server.ts'
import { watchRoute, type WatchedRoute } from '../support/watched-client.ts'
import { eventually } from '../support/within.ts'

const PIECE = Buffer.alloc(16 * 1024, 0x61)

let watched: WatchedRoute
let sentBytes = 0

/** Answers until the client's kernel takes no more and some of it waits in the proxy, then ends the answer. */
const untilStuck: UpstreamHandler = async (_request, respond) => {
  respond.head(200)
  while (watched.socket.writableLength === 0) {
    sentBytes += PIECE.length
    respond.write(PIECE)
    await sleep(1)
  }
  respond.end()
}

beforeEach(async () => {
  sentBytes = 0
  watched = await watchRoute(untilStuck)
  watched.client.pause()
})

afterEach(async () => {
  await watched.stop()
})

test.each([
  ['requests that were sent ahead', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(3)],
  ['the rest of a request', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nthe beginning'],
])('the client gets the whole answer, and %s is no request any more', async (_, sent) => {
  const { client, socket } = watched
  client.send(sent)
  await eventually(() => watched.plane.inFlight === 0 && watched.upstream.requestCount === 1)
  expect(socket.writableLength).toBeGreaterThan(0)
  client.halfClose()
  await eventually(() => socket.readableEnded)
  client.resume()
  const answer = await client.readResponse({ keepBody: false })
  expect([answer.status, answer.ended, answer.bodyBytes]).toEqual([200, 'complete', sentBytes])
  expect(await client.closed).toBe('fin')
  await eventually(() => socket.destroyed)
  expect(watched.upstream.requestCount).toBe(1)
})
