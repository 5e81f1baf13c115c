/**
 * A client that sends its requests ahead has the next one begin in the moment in which the answer before it ends: before the
 * connection to the model server that became free was offered to those who stood in line. It took it each time, and who
 * stood in line was told after a second that none had become free.
 */
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

test('a request that stands in line goes before those that another client has sent ahead', async () => {
  const upstream = await startUpstream((_request, respond) => void setTimeout(() => respond.reply(200), 50))
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: { endpoints: upstream.url, connections: 1 } },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  const [ahead, waiting] = [await connectRaw(proxy.port), await connectRaw(proxy.port)]
  const sent = 8
  ahead.send('GET /ahead HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(sent))
  await eventually(() => upstream.requestCount > 0)
  waiting.send('GET /waiting HTTP/1.1\r\nHost: h\r\n\r\n')
  expect((await waiting.readResponse()).status).toBe(200)
  for (let i = 0; i < sent; i++) expect((await ahead.readResponse()).status).toBe(200)
  // It came behind the first, or the second on a machine that is late with it.
  expect(upstream.requests.map(request => request.target).indexOf('/waiting')).toBeLessThanOrEqual(3)
  for (const client of [ahead, waiting]) client.destroy()
  await proxy.stop()
  await upstream.stop()
})
