import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRssBytes } from '../support/process-use.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

/** What the copies of one data-plane thread may hold. */
const COPIES_BYTES = 64 * 1024 * 1024
/** Buffers on their way through the proxy, and those the collector has not come to yet. */
const SLACK_BYTES = 128 * 1024 * 1024
/** Unbounded, as many MiB would be held twice: by a shadow that hangs, and for comparison with it. */
const REQUESTS = 500
const LONG = Buffer.alloc(1024 * 1024 - 1_000, 'x')
const SHORT = Buffer.from('{}')

let primary: UpstreamServer
let hanging: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

beforeAll(async () => {
  primary = await startUpstream(
    async (request, respond) => {
      await request.body
      respond.reply(200, {}, request.target === '/answers' ? LONG : SHORT)
    },
    { keepRequests: false },
  )
  hanging = await startUpstream(request => request.pauseBody(), { keepRequests: false })
  const shadow = { upstream: 'v2', percent: 100, timeout: '5m', max_in_flight: 5_000, max_body: '1MiB' }
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: primary.url, v2: { endpoints: hanging.url, connections: 5_000 } },
    routes: [
      { name: 'alone', match: { path: '/alone' }, primary: 'v1' },
      { name: 'shadowed', primary: 'v1', shadows: [shadow] },
    ],
  })
  client = new SteadyClient(proxy.url, 4)
})
afterAll(async () => {
  client.close()
  await proxy.kill()
  await Promise.all([primary.stop(), hanging.stop()])
})

/** Sends the requests, returns the most memory the proxy had meanwhile. */
async function peakRss(path: string, body: Buffer): Promise<number> {
  let peak = 0
  await inParallel(REQUESTS, 4, async () => {
    expect((await client.post(path, body)).status).toBe(200)
    peak = Math.max(peak, readRssBytes(proxy.pid))
  })
  return peak
}

test('E5: hanging shadows of long requests, then of long answers, take no more than their share of memory', async () => {
  const alone = await peakRss('/alone', LONG)
  const uploads = await peakRss('/uploads', LONG)
  const answers = await peakRss('/answers', SHORT)
  const mebibytes = [alone, uploads, answers].map(bytes => Math.round(bytes / 1024 / 1024))
  console.log(`RSS without shadows, with hanging ones of uploads, of answers too: ${mebibytes.join(', ')} MiB`)
  expect(Math.max(uploads, answers) - alone).toBeLessThan(COPIES_BYTES + SLACK_BYTES)
  const metrics = await proxy.readMetrics()
  expect(metrics.sum('understudy_shadow_dropped_total', { reason: 'memory' })).toBeGreaterThan(REQUESTS / 2)
  // Every short request has still been copied: only their answers were too much to keep.
  expect(metrics.sum('understudy_shadow_sent_total')).toBeGreaterThan(REQUESTS)
}, 300_000)
