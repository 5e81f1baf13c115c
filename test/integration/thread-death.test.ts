import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startUnderstudy, type Understudy } from '../../src/control/start.ts'
import type { WindowCounts } from '../../src/wire/window.ts'
import { getJson, getText } from '../support/http-json.ts'
import { parseMetrics, type Metrics } from '../support/prometheus-text.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/**
 * The proxy runs inside this process here, because a thread can only be killed by the process it belongs to. The threads
 * are found by what control posts to them at a reload.
 */
const posted = vi.spyOn(Worker.prototype, 'postMessage')
let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: Understudy
let configFile = ''

function writeConfig(percent: number): void {
  const config = {
    listen: { address: '127.0.0.1:0', threads: 2 },
    admin: { address: '127.0.0.1:0' },
    upstreams: { v1: primary.url, v2: shadow.url },
    routes: [
      { name: 'r', match: { prefix: '/' }, primary: 'v1', shadows: [{ upstream: 'v2', percent, timeout: '30s' }] },
    ],
    sinks: { file: { path: join(tmpdir(), `thread-death-${process.pid}.ndjson`) } },
    log: { level: 'silent' },
  }
  writeFileSync(configFile, JSON.stringify(config))
}

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200, {}, '{"a":1}'))
  shadow = await startUpstream(() => {})
  configFile = join(mkdtempSync(join(tmpdir(), 'thread-death-')), 'routing.yaml')
  writeConfig(99)
  proxy = await startUnderstudy({ configFile, onFatal: message => expect(message).toBe('never') })
})
afterAll(async () => {
  await proxy.drain()
  await Promise.all([primary.stop(), shadow.stop()])
})

const metrics = async (): Promise<Metrics> => parseMetrics(await getText(`${proxy.adminUrl}/metrics`))

async function threads(kind: 'dataplane' | 'analysis'): Promise<Worker[]> {
  posted.mockClear()
  writeConfig(kind === 'dataplane' ? 100 : 98)
  await proxy.reload('to find the threads')
  const workers = posted.mock.calls
    .map(([message], i) => ({ message: message as { kind: string }, worker: posted.mock.contexts[i] as Worker }))
    .filter(({ message }) => message.kind === 'snapshot')
    .map(({ worker }) => worker)
  // Analysis is told first (supervisor.ts).
  return kind === 'analysis' ? workers.slice(0, 1) : workers.slice(1)
}

test('a data-plane thread that dies is replaced, clients go on, and its copies are counted as lost', async () => {
  const client = new SteadyClient(proxy.listenUrl, 16)
  await inParallel(64, 16, async () => {
    expect((await client.post('/x', '{}')).status).toBe(200)
  })
  await eventually(async () => ((await metrics()).sum('understudy_shadow_sent_total') > 50 ? true : undefined), 5_000)
  client.close()
  for (const worker of await threads('dataplane')) await worker.terminate()
  await eventually(
    async () => ((await metrics()).value('understudy_thread_restarts_total') === 2 ? true : undefined),
    5_000,
  )

  const again = new SteadyClient(proxy.listenUrl, 4)
  await eventually(async () => ((await again.post('/x', '{}')).status === 200 ? true : undefined), 5_000)
  again.close()
  shadow.resetAll()
  const after = await eventually(async () => {
    const now = await metrics()
    const settled = now.sum('understudy_shadow_in_flight') === 0
    const sent = now.sum('understudy_shadow_sent_total')
    return settled && now.sum('understudy_pairs_total') + now.sum('understudy_unpaired_total') === sent
      ? now
      : undefined
  }, 5_000)
  expect(
    after.value('understudy_unpaired_total', { route: 'r', shadow: 'v2', reason: 'thread_crash' }),
  ).toBeGreaterThan(50)
  expect(after.sum('understudy_sampled_total')).toBe(
    after.sum('understudy_shadow_sent_total') + after.sum('understudy_shadow_dropped_total'),
  )
})

test('an analysis thread that dies is replaced without a client noticing, and pairs are compared again', async () => {
  shadow.handle((_request, respond) => respond.reply(200, {}, '{"a":2}'))
  const client = new SteadyClient(proxy.listenUrl, 4)
  const [analysis] = await threads('analysis')
  const traffic = inParallel(300, 4, async () => {
    expect((await client.post('/x', '{}')).status).toBe(200)
  })
  await analysis?.terminate()
  await traffic
  const disagreeing = async (): Promise<number> => {
    const { counts } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2`)) as { counts: WindowCounts }
    return counts.outcomes.disagree
  }
  const before = await disagreeing()
  await eventually(async () => {
    await client.post('/x', '{}')
    return (await disagreeing()) > before ? true : undefined
  }, 10_000)
  client.close()
})
