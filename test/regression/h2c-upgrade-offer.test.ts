/**
 * Java's HttpClient and `curl --http2` offer `Upgrade: h2c` with their first request, body and all. A server may ignore an
 * offer (RFC 9110 §7.8); the proxy took every request with an Upgrade header for one that leaves HTTP and answered 501, so
 * that such clients could not get through at all.
 */
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'

test('an offer of another protocol is ignored, with and without a body', async () => {
  const upstream = await startUpstream(async (request, respond) => {
    const { data } = await request.body
    respond.reply(200, {}, `${request.method} ${request.header('upgrade')} ${data?.toString()}`)
  })
  const proxy = await startUnderstudy({ upstreams: { v1: upstream.url }, routes: [{ name: 'r', primary: 'v1' }] })
  const client = await connectRaw(proxy.port)
  const offers = ['Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n']
  offers.push('Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n', 'Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n')
  for (const offer of offers) {
    client.send(`GET / HTTP/1.1\r\nHost: h\r\n${offer}\r\n`)
    expect((await client.readResponse()).body.toString()).toBe('GET undefined ')
    client.send(`POST / HTTP/1.1\r\nHost: h\r\n${offer}Content-Length: 2\r\n\r\nhi`)
    expect((await client.readResponse()).body.toString()).toBe('POST undefined hi')
  }
  client.destroy()
  await proxy.stop()
  await upstream.stop()
})
