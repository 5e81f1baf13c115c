/**
 * Whoever stood in line was given each connection that became free, also one to an endpoint that was left out: a model server
 * that hung got new requests for as long as it hung. And a request that had found its endpoint dead, while all connections of
 * the other one were taken, was answered with a 502 instead of standing in line with those that had come later.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream } from '../support/upstream-server.ts'

test('an endpoint that is left out gets nothing from the line', async () => {
  const hanging = await startUpstream((_request, respond) => respond.hang())
  const good = await startUpstream(async (_request, respond) => {
    await sleep(100)
    respond.reply(200)
  })
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: {
      v1: {
        endpoints: [hanging.url, good.url],
        connections: 2,
        outlier: { errors: 2, eject: '60s' },
        timeouts: { connect: '5s', first_byte: '500ms' },
      },
    },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  const client = new SteadyClient(proxy.url, 8)
  const statuses: number[] = []
  const endMs = performance.now() + 3_000
  // Two more than there are connections: there is always a line.
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) statuses.push((await client.post('/', '{}')).status)
  }
  await Promise.all(Array.from({ length: 6 }, lane))
  // Those that were under way until it was left out.
  expect(hanging.requestCount).toBeLessThanOrEqual(4)
  expect(statuses.filter(status => status !== 200).length).toBe(hanging.requestCount)
  client.close()
  await proxy.stop()
  await Promise.all([hanging.stop(), good.stop()])
})

test('a request that finds its endpoint dead stands in line for the one that is busy', async () => {
  const dead = await startUpstream(() => {})
  await dead.stop()
  const good = await startUpstream(async (_request, respond) => {
    await sleep(300)
    respond.reply(200)
  })
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: {
      v1: {
        endpoints: [dead.url, good.url],
        connections: 2,
        outlier: { errors: 1_000 },
        timeouts: { connect: '5s' },
      },
    },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  const client = new SteadyClient(proxy.url, 8)
  const answers = await Promise.all(Array.from({ length: 6 }, () => client.post('/', '{}')))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
  client.close()
  await proxy.stop()
  await good.stop()
})
