/**
 * A 413 was written and the socket destroyed behind it, while the client was still sending. A socket that is closed with
 * unread bytes makes the kernel send a reset, and a reset throws away what the client has not read yet: most clients
 * with a body over the limit saw ECONNRESET instead of the reason.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let primary: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    limits: { body: '64KiB' },
    upstreams: { live: primary.url },
    routes: [{ name: 'r', match: {}, primary: 'live' }],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
})

test('a client that reads only after it has sent everything sees why it was refused, each time', async () => {
  const body = Buffer.alloc(2 * 1024 * 1024, 'x')
  for (let i = 0; i < 10; i++) {
    const client = await connectRaw(proxy.port)
    client.pause()
    client.send(`POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`)
    client.send(body)
    await client.flushed()
    client.resume()
    const answer = await client.readResponse()
    expect([answer.status, answer.ended, await client.closed]).toEqual([413, 'complete', 'fin'])
  }
})
