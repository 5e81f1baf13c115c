/**
 * A client of HTTP/1.0 gets an answer of unknown length without chunks: the end of the connection is its end. When the
 * model server died in the middle, the proxy closed the client's connection in order, and half an answer looked whole.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(() => {})
  proxy = await startUnderstudy({ upstreams: { v1: upstream.url }, routes: [{ name: 'r', primary: 'v1' }] })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

test.each([{}, { 'content-length': '1000' }])('C4: half an answer ends with a reset: %j', async headers => {
  const answered = Promise.withResolvers<{ die(): void }>()
  upstream.handle((_request, respond) => {
    respond.head(200, headers)
    respond.write('the first part')
    answered.resolve({ die: () => respond.reset() })
  })
  const client = await connectRaw(proxy.port)
  client.send('GET / HTTP/1.0\r\nhost: r\r\n\r\n')
  await eventually(() => client.receivedBytes > 0)
  ;(await answered.promise).die()
  expect((await client.readUntilClose()).closed).toBe('reset')
})
