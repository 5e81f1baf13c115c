/**
 * When the time of a drain is over, what is still under way is ended and counted. The last counts were handed over one turn of
 * the event loop later; but sockets say that they are closed behind the immediates of a turn, so that no request that was cut
 * was ever counted. Its client got no answer, and the log no line.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SealedWindow } from '../../src/wire/window.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const REQUESTS = 6

test('requests that are ended with the drain have an answer, a line in the log and their votes', async () => {
  const model = await startUpstream((_request, respond) => respond.hang())
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: model.url, v2: { endpoints: model.url, host: 'upstream' } },
    routes: [{ name: 'r', primary: 'v1', canary: { upstream: 'v2', percent: 50 } }],
    sinks: { file: { path: './pairs.ndjson' } },
  })
  const clients = await Promise.all(Array.from({ length: REQUESTS }, () => connectRaw(proxy.port)))
  for (const client of clients) client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await eventually(() => model.requestCount === REQUESTS)
  proxy.signal('SIGTERM')
  for (const client of clients) {
    const response = await client.readResponse({ timeoutMs: 40_000 })
    expect([response.status, response.header('connection')]).toEqual([503, 'close'])
    expect(JSON.parse(response.body.toString())).toMatchObject({ code: 'DRAINING' })
  }
  expect((await proxy.exited).code).toBe(0)
  expect(proxy.log.find(({ msg }) => msg === 'requests were ended by the shutdown')).toMatchObject({
    level: 'warn',
    requests: REQUESTS,
    waitedMs: 20_000,
  })
  const lines = (await readFile(join(proxy.directory, 'pairs.ndjson'), 'utf8')).trim().split('\n')
  const arms = lines.flatMap(line => Object.values((JSON.parse(line) as SealedWindow).counts.arms))
  expect(arms.reduce((sum, { primary, canary }) => sum + primary.requests + canary.requests, 0)).toBe(REQUESTS)
  await model.stop()
}, 60_000)

test('so has one that has found its endpoint dead and stands in line for another', async () => {
  const dead = await startUpstream(() => {})
  await dead.stop()
  const model = await startUpstream((_request, respond) => respond.hang())
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: {
      v1: {
        endpoints: [dead.url, model.url],
        connections: 1,
        outlier: { errors: 1_000 },
        timeouts: { connect: '60s' },
      },
    },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  // In this order: were it the other way, the end of the first would give its connection to the second.
  const [second, first] = [await connectRaw(proxy.port), await connectRaw(proxy.port)]
  first.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await eventually(() => model.requestCount === 1)
  second.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await eventually(async () => (await proxy.readMetrics()).value('understudy_in_flight') === 2 || undefined)
  proxy.signal('SIGTERM')
  for (const client of [first, second]) {
    const { status, body } = await client.readResponse({ timeoutMs: 40_000 })
    expect([status, JSON.parse(body.toString()).code]).toEqual([503, 'DRAINING'])
  }
  expect((await proxy.exited).code).toBe(0)
  await model.stop()
}, 60_000)
