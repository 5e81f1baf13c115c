/**
 * The answer of a model server that does not want an upgrade ends with the client's connection. When it broke off, that
 * connection was closed in order, so that a part of an answer looked like all of it. And what the proxy itself answers to a
 * handshake carried the client's request id in another encoding than it had come in.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { rawHandshake } from '../support/raw-handshake.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

const REQUEST_ID = 'X-Request-Id: caf\xe9\r\n'
let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(({ target }, respond) => {
    const whole = target === '/whole'
    respond.raw('HTTP/1.1 400 Bad\xe9\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
    setTimeout(() => {
      if (whole) respond.raw('0\r\n\r\n')
      else if (target === '/fin') respond.close()
      else respond.reset()
    }, 100)
  })
  proxy = await startUnderstudy({
    upstreams: { v1: upstream.url, dead: 'http://127.0.0.1:1' },
    routes: [
      { name: 'dead', match: { path: '/dead' }, primary: 'dead' },
      { name: 'r', primary: 'v1' },
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

test.each([
  ['/whole', 'fin'],
  ['/fin', 'reset'],
  ['/reset', 'reset'],
])('the client can tell an answer to its handshake that is whole from one that is not: %s', async (target, how) => {
  const client = await connectRaw(proxy.port)
  client.send(rawHandshake(target, REQUEST_ID))
  const { bytes, closed } = await client.readUntilClose()
  expect([bytes.toString('latin1').split('\r\n')[0], closed]).toEqual(['HTTP/1.1 400 Bad Request', how])
})

test('a request id beyond ASCII comes back as it came', async () => {
  const client = await connectRaw(proxy.port)
  client.send(rawHandshake('/dead', REQUEST_ID))
  const { bytes } = await client.readUntilClose()
  expect(bytes.toString('latin1')).toContain('x-request-id: caf\xe9\r\n')
})
