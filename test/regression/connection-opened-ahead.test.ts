/**
 * The time of a connection's first request was counted from the opening of the connection. A client that opens one before
 * it needs it (a pool, a browser) had so much less for its upload, and was cut before limits.request.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { loadText } from '../unit/config/routing-files.ts'

const REQUEST_MS = 1_000

let upstream: UpstreamServer
let proxy: InProcessPlane

beforeEach(async () => {
  upstream = await startUpstream(async (request, respond) => {
    await request.body
    respond.reply(200)
  })
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
limits: { request: ${REQUEST_MS}ms }
upstreams: { v1: "${upstream.url}" }
routes: [{ name: r, primary: v1 }]
`),
  )
})
afterEach(async () => {
  proxy.stop()
  await upstream.stop()
})

const pause = (): Promise<void> => sleep(0.7 * REQUEST_MS)

test('the first upload of a connection has all of limits.request', async () => {
  const client = await connectRaw(proxy.port)
  await pause()
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na')
  await pause()
  client.send('b')
  expect((await client.readResponse()).status).toBe(200)
  client.destroy()
})
