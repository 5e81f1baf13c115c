/**
 * A request that arrived under configuration 1 keeps its upstream while configurations 2 and 3 come. Upstream `old` is the
 * same in 1 and 2 and gone in 3: when 3 came, 2 had no request left, so it closed what 3 does not have, `old` included, and
 * nobody asked whether 1 still needed it. A request of 1 whose body was still arriving was then answered 500.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'

test('an upstream stays open for the last request of every configuration that names it', async () => {
  const old = await startUpstream((_request, respond) => respond.reply(200, {}, 'old'))
  const next = await startUpstream((_request, respond) => respond.reply(200, {}, 'new'))
  const later = { v2: next.url, v3: next.url }
  const both = { v1: old.url, ...later }
  const proxy = await startUnderstudy(config(both, 'v1', 0))
  const client = await connectRaw(proxy.port)
  client.send('POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n{"user"')
  await client.flushed()
  await sleep(100)
  expect((await proxy.reload(config(both, 'v1', 1))).revision).toBe(2)
  expect((await proxy.reload(config(later, 'v2', 0))).revision).toBe(3)
  client.send(':1}')
  const response = await client.readResponse()
  expect([response.status, response.body.toString()]).toEqual([200, 'old'])
  client.send('POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n{"user":1}')
  expect((await client.readResponse()).body.toString()).toBe('new')
  await proxy.stop()
  await Promise.all([old.stop(), next.stop()])
})

/** With its key in the body, a request goes to its arm only when the body is there. */
function config(upstreams: Record<string, string>, primary: string, percent: number) {
  const canary = { upstream: 'v3', percent, sticky: 'json:$.user' }
  return { upstreams, routes: [{ name: 'r', primary, canary }] }
}
