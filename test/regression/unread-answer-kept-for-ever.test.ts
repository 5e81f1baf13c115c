/**
 * When a model server has given its whole answer, its deadlines are over; the keep-alive time of the client's connection
 * begins when the client has taken it. In between nothing looked after an answer that a client did not read: its bytes
 * and its connection stayed for ever. They are cut at limits.idle now.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually, within } from '../support/within.ts'

const IDLE_MS = 500
/** Fits what the proxy holds for a client whose socket takes no more: for the model server it is answered. */
const ANSWER = Buffer.alloc(40_000, 0x61)
/** More of them than the kernel's buffers take. */
const REQUESTS = 600

let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream((_request, respond) => respond.reply(200, {}, ANSWER))
  proxy = await startUnderstudy({
    limits: { idle: `${IDLE_MS}ms` },
    upstreams: { v1: upstream.url },
    routes: [{ name: 'r', primary: 'v1' }],
  })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

test('C7: a client that does not read the end of its answer is cut at limits.idle, and counted', async () => {
  const client = await connectRaw(proxy.port)
  client.pause()
  client.send('GET / HTTP/1.1\r\nhost: r\r\n\r\n'.repeat(REQUESTS))
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    expect(metrics.value('understudy_errors_total', { code: 'CLIENT_GONE', leg: 'client', route: '-' })).toBe(1)
    expect(metrics.value('understudy_upstream_in_flight')).toBe(0)
    return true
  }, 10_000)
  // It got stuck long before its last request, and without one under way.
  expect(upstream.requestCount).toBeLessThan(REQUESTS)
  client.resume()
  expect(await within(client.closed, 5_000, 'the client was not cut')).toBe('reset')
})
