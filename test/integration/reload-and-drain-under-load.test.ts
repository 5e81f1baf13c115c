import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const RELOADS = 20
const LANES = 8
let upstreams: UpstreamServer[]
let proxy: RunningUnderstudy

/** Every reload changes the pools: an upstream comes and goes, another one gets new settings, routes are added. */
function config(revision: number) {
  const [v1, v2, v3] = upstreams.map(upstream => upstream.url)
  const odd = revision % 2 === 1
  return {
    upstreams: {
      v1: { endpoints: v1, timeouts: { total: `${30 + revision}s` } },
      v2: { endpoints: v2, connections: 32 + revision },
      ...(odd ? { v3: { endpoints: v3 } } : {}),
    },
    routes: [
      ...(odd ? [{ name: 'extra', match: { path: '/extra' }, primary: 'v3' }] : []),
      { name: 'r', match: { prefix: '/' }, primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] },
    ],
    sinks: { file: { path: './pairs.ndjson' } },
  }
}

beforeAll(async () => {
  upstreams = await Promise.all(
    [1, 2, 3].map(() => startUpstream((_request, respond) => respond.reply(200, {}, '{}'), { keepRequests: false })),
  )
  proxy = await startUnderstudy(config(0))
})

afterAll(async () => {
  await proxy.kill()
  await Promise.all(upstreams.map(upstream => upstream.stop()))
})

test(`C10: ${RELOADS} reloads and a SIGTERM under load fail no request and lose no pair`, async () => {
  const client = new SteadyClient(proxy.url, LANES)
  const failures: string[] = []
  let answered = 0
  let last = 0
  let signalled = false
  const traffic = inParallel(LANES, LANES, async () => {
    for (;;) {
      try {
        const { status, headers } = await client.post('/infer', '{"inputs":[1,2,3]}')
        if (status === 200) answered++
        else failures.push(`answered ${status}`)
        if (headers.connection === 'close') last++
      } catch (error) {
        // The listener is gone: no request was sent.
        if (signalled && (error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return
        failures.push(String(error))
      }
    }
  })
  for (let revision = 1; revision <= RELOADS; revision++) {
    const before = answered
    const { lastFailure } = await proxy.reload(config(revision))
    expect(lastFailure).toBe(null)
    await eventually(() => answered > before + 100)
  }
  expect((await proxy.configState()).revision).toBe(RELOADS + 1)
  const file = join(proxy.directory, 'pairs.ndjson')
  signalled = true
  proxy.signal('SIGTERM')
  expect(await proxy.exited).toEqual({ code: 0, signal: null })
  await traffic
  client.close()
  expect(failures).toEqual([])
  expect(last).toBe(LANES) // each keep-alive client was told to close, once
  const { pairs, counts } = readFile(file)
  const { dropped, sent } = counts
  expect(counts).toEqual({
    eligible: answered,
    sampled: answered,
    sent: answered - dropped,
    dropped,
    pairs: sent,
    unpaired: 0,
  })
  expect([pairs.length, new Set(pairs).size]).toEqual([sent, sent])
  expect(upstreams.map(upstream => upstream.requestCount)).toEqual([answered, sent, 0])
  expect(sent).toBeGreaterThan(answered / 2) // a busy machine may shed some copies
  expect(proxy.log.filter(line => ['error', 'fatal'].includes(line.level))).toEqual([])
})

/** The ids of all pair records, and the sums of all window records. */
function readFile(file: string) {
  const pairs: string[] = []
  const counts = { eligible: 0, sampled: 0, sent: 0, dropped: 0, pairs: 0, unpaired: 0 }
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const record = JSON.parse(line)
    if (record.schema === 'understudy.pair/1') pairs.push(record.id)
    else for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += total(record.counts[name])
  }
  return { pairs, counts }
}

/** A count, or counts by reason. */
function total(count: number | Record<string, number>): number {
  return typeof count === 'number' ? count : Object.values(count).reduce((sum, each) => sum + each, 0)
}
