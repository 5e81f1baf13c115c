import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../support/run-command.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

/** The proxy looks for keys in bodies up to 1 MiB: parsing some hundred thousand lists takes it many milliseconds. */
const HEAVY = `{"user":"u","x":[${'[],'.repeat(340_000)}[]]}`
const HEAVY_CLIENTS = 2

let upstreams: UpstreamServer[]
let proxy: RunningUnderstudy
let client: SteadyClient
let traffic: Promise<unknown>
const over = new AbortController()

function answering(): Promise<UpstreamServer> {
  return startUpstream((_request, respond) => respond.reply(200, {}, '{}'), { keepRequests: false })
}

beforeAll(async () => {
  upstreams = await Promise.all([answering(), answering()])
  const [v1, v2] = upstreams.map(upstream => upstream.url)
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    admin: { address: '127.0.0.1:0' },
    upstreams: { v1, v2 },
    routes: [
      {
        name: 'heavy',
        match: { path: '/heavy' },
        primary: 'v1',
        canary: { upstream: 'v2', percent: 1, sticky: 'json:$.user' },
      },
      {
        name: 'judged',
        match: { path: '/judged' },
        primary: 'v1',
        shadows: [{ upstream: 'v2', percent: 100 }],
        gates: { latency: { max_increase: 0.5, threshold: '20ms' } },
        verdict: { warm_up: '1s', min_pairs: 1_000_000, min_duration: '1h', max_duration: '2h' },
      },
    ],
  })
  client = new SteadyClient(proxy.url, HEAVY_CLIENTS + 1)
  const heavy = Array.from({ length: HEAVY_CLIENTS }, () => keepSending('/heavy', HEAVY, 5))
  traffic = Promise.all([keepSending('/judged', '{}', 20), ...heavy])
})
afterAll(async () => {
  over.abort()
  await traffic
  client.close()
  await proxy.stop()
  await Promise.all(upstreams.map(upstream => upstream.stop()))
})

async function keepSending(path: string, body: string, pauseMs: number): Promise<void> {
  while (!over.signal.aborted) {
    await client.post(path, body)
    await sleep(pauseMs)
  }
}

test('a proxy whose event loop is late for a tenth of the latency it judges says that its evidence is no good', async () => {
  const options = ['--admin', proxy.adminUrl, '--wait', '--timeout', '30s', '--output', 'json']
  const ended = await runCommand(['verdict', 'judged.v2', ...options], { timeoutMs: 40_000 })
  expect([ended.code, JSON.parse(ended.stdout)]).toEqual([
    30,
    expect.objectContaining({
      verdict: 'INVALID',
      code: 'event_loop_lag',
      reason: expect.stringMatching(
        /^the event loop lags over \d+\.\d ms \(p99\), more than a tenth of the [\d.]+ ms judged$/,
      ),
    }),
  ])
}, 60_000)
