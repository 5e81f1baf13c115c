/**
 * Health checks were told to stop, but one that waited for its answer kept the process for up to its timeout: with an
 * interval of a minute half a minute after it had said that it was drained, which is all that an orchestrator waits.
 */
import { expect, test } from 'vitest'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

test('a health check that nobody answers does not keep the process', async () => {
  const upstream = await startUpstream((_request, respond) => respond.hang())
  const proxy = await startUnderstudy({
    upstreams: { v1: { endpoints: upstream.url, health: { path: '/health', interval: '60s' } } },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  await eventually(() => upstream.requestCount > 0)
  const startMs = performance.now()
  proxy.signal('SIGTERM')
  expect((await proxy.exited).code).toBe(0)
  expect(performance.now() - startMs).toBeLessThan(8_000)
  await upstream.stop()
}, 60_000)
