/**
 * A client that sends requests ahead does not know yet that the answer under way is the last one, as it is while the proxy
 * drains. The connection was closed as soon as the kernel had the answer: the client's next request met a closed socket,
 * the kernel answered it with a reset, and the end of the answer was lost (RFC 9112 §9.6).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { connectWatched, type WatchedClient } from '../support/watched-client.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'
const ANSWER = Buffer.alloc(3 * 1024 * 1024, 0x61)

let upstream: UpstreamServer
let proxy: InProcessPlane
let watched: WatchedClient

beforeEach(async () => {
  upstream = await startUpstream((_request, respond) => respond.reply(200, {}, ANSWER))
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
upstreams: { v1: "${upstream.url}" }
routes: [{ name: r, primary: v1 }]
`),
  )
  watched = await connectWatched(proxy.plane)
})

afterEach(async () => {
  watched.client.destroy()
  proxy.stop()
  await upstream.stop()
})

test('C10: a last answer arrives whole where the client sends on', async () => {
  const { client, socket } = watched
  proxy.plane.draining = true
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
  expect(upstream.requestCount).toBe(1)
})
