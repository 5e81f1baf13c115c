import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** What the copies of one data-plane thread may hold; the soak tests look at the process' memory. */
const COPIES_MIB = 32
const REQUESTS = 80
const BODY = Buffer.alloc(1024 * 1024, 'x')

let primary: UpstreamServer
let hanging: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

beforeAll(async () => {
  primary = await startUpstream(
    async (request, respond) => {
      await request.body
      respond.reply(200)
    },
    { keepRequests: false },
  )
  hanging = await startUpstream(request => request.pauseBody(), { keepRequests: false })
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: primary.url, v2: { endpoints: hanging.url, connections: 1_000 } },
    routes: [
      {
        name: 'r',
        primary: 'v1',
        shadows: [{ upstream: 'v2', percent: 100, timeout: '60s', max_in_flight: 1_000, max_body: '1MiB' }],
      },
    ],
  })
  client = new SteadyClient(proxy.url, 2)
})
afterAll(async () => {
  client.close()
  await proxy.kill()
  await Promise.all([primary.stop(), hanging.stop()])
})

const read = async (metric: string, labels: Record<string, string> = {}): Promise<number> =>
  (await proxy.readMetrics()).sum(`understudy_${metric}`, labels)

test('E5: copies that would take more than their share of memory are dropped, the newest first, and counted', async () => {
  await inParallel(REQUESTS, 2, async () => expect((await client.post('/', BODY)).status).toBe(200))
  await eventually(async () => {
    expect(await read('sampled_total')).toBe(REQUESTS)
    const sent = await read('shadow_sent_total')
    // Those on their way hold a part of theirs until they are given up.
    expect(sent).toBeLessThanOrEqual(COPIES_MIB)
    expect(sent).toBeGreaterThan(COPIES_MIB / 2)
    expect(await read('shadow_in_flight')).toBe(sent)
    expect(await read('shadow_dropped_total', { reason: 'memory' })).toBeGreaterThan(0)
    expect(sent + (await read('shadow_dropped_total'))).toBe(REQUESTS)
    return true
  })
})

test('E5: what they held is free when they have ended', async () => {
  const before = await read('shadow_sent_total')
  hanging.handle((_request, respond) => respond.reply(200))
  hanging.resetAll()
  await eventually(async () => (await read('shadow_in_flight')) === 0)
  for (let i = 0; i < REQUESTS; i++) expect((await client.post('/', BODY)).status).toBe(200)
  await eventually(async () => {
    expect(await read('shadow_in_flight')).toBe(0)
    expect(await read('shadow_sent_total')).toBeGreaterThan(before + COPIES_MIB)
    expect(await read('pairs_total')).toBe(await read('shadow_sent_total'))
    expect((await read('shadow_sent_total')) + (await read('shadow_dropped_total'))).toBe(2 * REQUESTS)
    return true
  })
})
