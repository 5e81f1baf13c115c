/**
 * node:http refuses to write some heads that undici had accepted: a reason phrase beyond ASCII, a status below 100. The
 * throw came out of a callback of undici, and the client got a 500 INTERNAL for what the model server had done. And a
 * body in a transfer coding of its own was passed on without the header that named the coding.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let primary: UpstreamServer
let proxy: RunningUnderstudy
let answer = ''

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => {
    respond.raw(answer)
    respond.end()
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

test.each([
  ['HTTP/1.1 200 Erledigt \xfc\r\nContent-Length: 2\r\n\r\nok', 200, 'ok'],
  ['HTTP/1.1 200 \xe5\xae\x8c\r\nContent-Length: 2\r\n\r\nok', 200, 'ok'],
  ['HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n', 502, 'UPSTREAM_PROTOCOL'],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 502, 'UPSTREAM_PROTOCOL'],
])('%j', async (bytes, status, text) => {
  answer = bytes
  const client = await connectRaw(proxy.port)
  client.send('POST /x HTTP/1.1\r\nHost: h\r\n\r\n')
  const got = await client.readResponse()
  client.destroy()
  expect([got.status, got.body.toString()]).toEqual([status, expect.stringContaining(text)])
})
