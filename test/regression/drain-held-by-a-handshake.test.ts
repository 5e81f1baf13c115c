/**
 * A TLS handshake that had begun was no connection yet that the drain could close: a peer that only opens the connection,
 * as some health checks do, kept the process for limits.header_wait, 10 s, though nothing was under way.
 */
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { selfSigned } from '../support/self-signed.ts'
import { eventually } from '../support/within.ts'

test('C10: a handshake that does not go on holds no drain', async () => {
  const { cert, key } = selfSigned(['localhost'])
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', tls: { cert, key } },
    upstreams: { v1: 'http://127.0.0.1:1' },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  const peer = await connectRaw(proxy.port)
  await eventually(async () => (await proxy.readMetrics()).value('understudy_connections') === 1)
  const startMs = performance.now()
  proxy.signal('SIGTERM')
  await peer.closed
  expect((await proxy.exited).code).toBe(0)
  expect(performance.now() - startMs).toBeLessThan(5_000)
  await proxy.stop()
})
