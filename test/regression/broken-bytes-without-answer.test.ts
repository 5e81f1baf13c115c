/**
 * Two faces of one mistake: when bytes on a connection were not HTTP while a request was under way, the socket was
 * destroyed. A client with a broken chunk got no 400, and a sound request lost its answer to whatever came behind it,
 * though it were only a stray line end of an old client after a body with `connection: close`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let primary: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream(async (request, respond) => {
    await request.body
    await sleep(20)
    respond.reply(200, {}, 'answer')
  })
  proxy = await startUnderstudy({
    upstreams: { live: primary.url },
    routes: [{ name: 'r', match: {}, primary: 'live' }],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
})

test('a broken chunk is answered', async () => {
  const client = await connectRaw(proxy.port)
  client.send('POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
  await expect.poll(() => primary.requests.at(-1)?.bodyBytes).toBe(3)
  client.send('no size\r\n')
  client.send('and more of it\r\n')
  expect([(await client.readResponse()).status, await client.closed]).toEqual([400, 'fin'])
})

test.each(['', 'connection: close\r\n'])('bytes behind a request do not cost its answer (%j)', async header => {
  const client = await connectRaw(proxy.port)
  client.send(`POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n${header}\r\nabc`)
  client.send('\r\nwhat is this\r\n')
  const answer = await client.readResponse()
  expect([answer.status, answer.body.toString(), answer.header('connection')]).toEqual([200, 'answer', 'close'])
  expect(await client.closed).toBe('fin')
})
