/**
 * A 204 or 304 that announces a body has none. Where its model server sent one nevertheless, a moment later, the connection
 * had been given to the next request, and those bytes were its answer: one client's data for another.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'

const STRAY = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSTRAY!'

test.each([
  ['/204-length', `HTTP/1.1 204 No Content\r\nContent-Length: ${STRAY.length}\r\n\r\n`],
  ['/204-chunked', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['/304-chunked', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n'],
])('what follows %s is nobody else’s answer', async (target, head) => {
  const upstream = await startUpstream(async (request, respond) => {
    if (request.target !== target) {
      await sleep(30)
      respond.reply(200, {}, 'mine')
      return
    }
    respond.raw(head)
    await sleep(5)
    respond.raw(STRAY)
  })
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: upstream.url },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  for (let i = 0; i < 5; i++) {
    const [first, second] = [await connectRaw(proxy.port), await connectRaw(proxy.port)]
    first.send(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`)
    await first.readResponse()
    second.send('GET /mine HTTP/1.1\r\nHost: h\r\n\r\n')
    const { status, body } = await second.readResponse()
    expect([status, body.toString()]).toEqual([200, 'mine'])
    for (const client of [first, second]) client.destroy()
  }
  await proxy.stop()
  await upstream.stop()
})
