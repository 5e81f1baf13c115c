/**
 * A client that sends requests ahead does not know yet that the answer under way is the last one, as it is while the proxy
 * drains. The connection was closed as soon as the kernel had the answer: the client's next request met a closed socket,
 * the kernel answered it with a reset, and the end of the answer was lost (RFC 9112 §9.6).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchRoute, type WatchedRoute } from '../support/watched-client.ts'
import { eventually } from '../support/within.ts'

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'
const ANSWER = Buffer.alloc(3 * 1024 * 1024, 0x61)

let watched: WatchedRoute

beforeEach(async () => {
  watched = await watchRoute((_request, respond) => respond.reply(200, {}, ANSWER))
})

afterEach(async () => {
  await watched.stop()
})

test('C10: a last answer arrives whole where the client sends on', async () => {
  const { client, socket } = watched
  watched.plane.draining = true
  client.pause()
  client.send(GET)
  // The kernel has all of it, and the client has not read it.
  await eventually(() => socket.writableEnded && socket.writableLength === 0)
  client.send(GET)
  await sleep(50)
  client.resume()
  const answer = await client.readResponse({ keepBody: false })
  expect([answer.ended, answer.bodyBytes, answer.header('connection')]).toEqual(['complete', ANSWER.length, 'close'])
  expect(await client.closed).toBe('fin')
  expect(watched.upstream.requestCount).toBe(1)
})
