/**
 * The next request of a client that sends ahead begins within the end of the answer before it. That one was still counted as
 * under way, so that a client alone got 503s at `limits.in_flight`, for its own requests that were over.
 */
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'

test('requests sent ahead are one request under way, whether answered or failed', async () => {
  const upstream = await startUpstream(({ target }, respond) => {
    if (target === '/fails') respond.raw('no HTTP\r\n\r\n')
    else respond.reply(200)
  })
  const proxy = await startUnderstudy({
    limits: { in_flight: 1 },
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: upstream.url },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  const client = await connectRaw(proxy.port)
  const statuses: number[] = []
  const targets = ['/works', '/fails', '/works', '/works']
  client.send(targets.map(target => `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''))
  for (const _ of targets) statuses.push((await client.readResponse()).status)
  expect(statuses).toEqual([200, 502, 200, 200])
  client.destroy()
  await proxy.stop()
  await upstream.stop()
})
