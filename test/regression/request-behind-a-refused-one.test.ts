/**
 * A request whose framing is in doubt was answered with an error and `connection: close`. But node:http goes on parsing
 * until the socket is closed: what stood behind the refused request in the same packet, perhaps part of its body for
 * some other reader, was taken for the next request and went to the model server.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let primary: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    upstreams: { live: primary.url },
    routes: [{ name: 'r', match: {}, primary: 'live' }],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
})

const NEXT = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n'

test.each([
  [
    'a coding we do not undo',
    'POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  ],
  ['two Hosts', 'GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
])('nothing behind a request refused for %s is a request, at once or later', async (_, refused) => {
  const client = await connectRaw(proxy.port, { allowHalfOpen: true })
  client.send(refused + NEXT)
  expect((await client.readResponse()).header('connection')).toBe('close')
  expect(await client.closed).toBe('fin')
  client.send(NEXT)
  await sleep(50)
  client.destroy()
  // Answered behind all of it, on another connection.
  const other = await connectRaw(proxy.port)
  other.send('GET /other HTTP/1.1\r\nHost: h\r\n\r\n')
  expect((await other.readResponse()).status).toBe(200)
  other.destroy()
  expect(primary.requests.map(each => each.target)).not.toContain('/smuggled')
})
