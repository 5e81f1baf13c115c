import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchRoute, type WatchedRoute } from '../support/watched-client.ts'
import { eventually } from '../support/within.ts'

const HEAD = 'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\n\r\n'
const ANSWER = Buffer.alloc(3 * 1024 * 1024, 0x61)

let watched: WatchedRoute

beforeEach(async () => {
  watched = await watchRoute(async (request, respond) => {
    await request.body
    respond.reply(200, {}, ANSWER)
  })
})
afterEach(async () => {
  await watched.stop()
})

test('who asked to close reads its whole answer and its end, also long after the proxy has forgotten the connection', async () => {
  const { client, socket } = watched
  client.pause()
  client.send(`${HEAD}body`)
  // The kernel has the whole answer, and the client has read nothing.
  await eventually(() => socket.closed && watched.plane.connections === 0)
  client.resume()
  const answer = await client.readResponse({ keepBody: false })
  expect([answer.ended, answer.bodyBytes, answer.header('connection')]).toEqual(['complete', ANSWER.length, 'close'])
  expect(await client.closed).toBe('fin')
})

test('an empty line that it sends behind its body makes no reset of that end', async () => {
  const { client } = watched
  client.pause()
  client.send(`${HEAD}body\r\n`)
  await eventually(() => watched.plane.connections === 0)
  client.resume()
  expect((await client.readResponse({ keepBody: false })).bodyBytes).toBe(ANSWER.length)
  expect(await client.closed).toBe('fin')
})
