/**
 * A WebSocket handshake with `Expect: 100-continue` ended the data-plane thread. http-proxy handed the client's headers to
 * node:http, which sends the head of a request that has an Expect as soon as it is made; changing it after that throws.
 * Two hundred bytes of any client were enough.
 */
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { rawHandshake } from '../support/raw-handshake.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'

test('a handshake that expects to be told to continue is forwarded like any other', async () => {
  const upstream = await startUpstream((request, respond) => {
    respond.reply(200, {}, `${request.target} ${request.header('upgrade')} ${request.header('x-kept')}`)
  })
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: upstream.url },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  const client = await connectRaw(proxy.port)
  client.send(rawHandshake('/s?a=1', 'X-Kept: yes\r\nExpect: 100-continue\r\n'))
  expect((await client.readResponse()).body.toString()).toBe('/s?a=1 websocket yes')
  expect((await proxy.readMetrics()).value('understudy_thread_restarts_total')).toBe(0)
  client.destroy()
  await proxy.stop()
  await upstream.stop()
})
