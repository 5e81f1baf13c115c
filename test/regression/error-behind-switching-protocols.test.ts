/**
 * Once http-proxy has joined the two sockets of an upgrade, it tells of each error of the model server's by an event of its
 * own, and throws the error when nobody listens to that. Nobody did: a model server that was restarted under one WebSocket
 * connection ended the data-plane thread, and with it every client and stream that it had.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { rawHandshake, SWITCHING_PROTOCOLS } from '../support/raw-handshake.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(({ target }, respond) => {
    if (target === '/bystander') {
      respond.reply(200)
      return
    }
    respond.raw(SWITCHING_PROTOCOLS)
    setTimeout(() => (target === '/reset' ? respond.reset() : respond.close()), 100)
  })
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: upstream.url },
    routes: [{ name: 'r', primary: 'v1' }],
  })
})

afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

test.each(['/reset', '/close'])(
  'a model server that ends a session (%s) while its client goes on sending ends that session alone',
  async target => {
    const bystander = await connectRaw(proxy.port)
    const client = await connectRaw(proxy.port, { allowHalfOpen: true })
    client.send(rawHandshake(target))
    // Each byte behind its end is answered with a reset.
    const sending = setInterval(() => client.send('\x82\x80\x00\x00\x00\x00'), 10)
    await client.closed
    await sleep(500)
    clearInterval(sending)
    bystander.send('GET /bystander HTTP/1.1\r\nHost: h\r\n\r\n')
    expect((await bystander.readResponse()).status).toBe(200)
    bystander.destroy()
    client.destroy()
    expect((await proxy.readMetrics()).value('understudy_thread_restarts_total')).toBe(0)
  },
)
