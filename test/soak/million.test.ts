import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { spread } from '../../loadtest/statistics.ts'
import { seededRandom } from '../../src/cli/demo/random.ts'
import { addCounts, emptyCounts, type SealedWindow, type WindowCounts } from '../../src/wire/window.ts'
import { getJson } from '../support/http-json.ts'
import { readRssBytes } from '../support/process-use.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { eventually } from '../support/within.ts'
import { FaultyUpstream } from './faulty-upstream.ts'
import { runSoakClient } from './soak-client.ts'

const REQUESTS = Number(process.env['SOAK_REQUESTS'] ?? 1_000_000)
const LANES = 64
/**
 * What keeps the load (some 5 400 requests a second) under what two cores can do: saturated, the analysis thread falls
 * behind, and the queue of the sink that fills up then is all that a look at the memory would see.
 */
const THINK_MS = 8
const PATH = '/v2/models/soak/infer'
const BODY = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32', data: [0.1, 0.2, 0.3, 0.4] }] })
const REQUEST = Buffer.from(
  `POST ${PATH} HTTP/1.1\r\nhost: soak\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
)
/** The memory of the first minute is warm-up: pools, compiled code, the first windows. */
const WARM_UP_MS = 60_000
/** Memory is read each second, and compared by the medians of so long: a collection may fall on any one reading. */
const LOOK_MS = 20_000
const GROWTH_LIMIT = 1.1

let primary: FaultyUpstream
let shadow: FaultyUpstream
let proxy: RunningUnderstudy

/**
 * The timeout is what a reload changes: the primary's upstream begins anew with it, and the load stays the same, so that
 * memory before and after may be compared.
 */
const config = (firstByteMs: number) => ({
  listen: { address: '127.0.0.1:0', threads: 2 },
  upstreams: {
    v1: {
      endpoints: `http://127.0.0.1:${primary.port}`,
      timeouts: { first_byte: `${firstByteMs}ms`, between_bytes: '300ms' },
    },
    v2: `http://127.0.0.1:${shadow.port}`,
  },
  routes: [
    {
      name: 'soak',
      match: { path: PATH },
      primary: 'v1',
      shadows: [{ upstream: 'v2', percent: 100, timeout: '300ms' }],
    },
  ],
  record: { bodies: 'never' },
  sinks: { file: { path: './pairs.ndjson', rotate: '64GiB' } },
  log: { level: 'info' },
})

beforeAll(async () => {
  const often = { reset: 0.005, error: 0.005, hang: 0.002, cut: 0.005, slow: 0.01 }
  const seldom = { reset: 0.001, error: 0.001, hang: 0.0005, cut: 0.001, slow: 0.01 }
  primary = await FaultyUpstream.start({ seed: 1, faults: seldom, label: 1 })
  shadow = await FaultyUpstream.start({ seed: 2, faults: often, label: 1 })
  proxy = await startUnderstudy(config(300))
})
afterAll(async () => {
  await proxy.kill()
  await Promise.all([primary.stop(), shadow.stop()])
})

test(`${REQUESTS} requests with faults on every leg and two reloads: exact counts, flat memory, nothing left open`, async () => {
  const startMs = performance.now()
  const readings: { readonly atMs: number; readonly rss: number }[] = []
  const sampling = setInterval(() => {
    readings.push({ atMs: performance.now() - startMs, rss: readRssBytes(proxy.pid) })
  }, 1_000)
  const reloads: Promise<unknown>[] = []
  const totals = await runSoakClient({
    port: proxy.port,
    request: REQUEST,
    lanes: LANES,
    thinkMs: THINK_MS,
    requests: REQUESTS,
    abandon: 0.002,
    random: seededRandom(3),
    onProgress: started => {
      if (started === Math.floor(REQUESTS / 3)) reloads.push(proxy.reload(config(310)))
      if (started === Math.floor((2 * REQUESTS) / 3)) reloads.push(proxy.reload(config(300)))
    },
  })
  clearInterval(sampling)
  await Promise.all(reloads)
  const endMs = performance.now() - startMs
  const rssFrom = (fromMs: number): number =>
    spread(readings.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + LOOK_MS).map(({ rss }) => rss)).median

  const metrics = await eventually(async () => {
    const now = await proxy.readMetrics()
    const pairs = now.sum('understudy_pairs_total')
    const quiet = now.value('understudy_in_flight') === 0 && now.sum('understudy_shadow_in_flight') === 0
    const sealed = now.sum('understudy_pair_outcomes_total') === pairs
    return quiet && sealed && now.sum('understudy_sink_pending_records') === 0 ? now : undefined
  }, 30_000)
  const answered = [...totals.statuses.values()].reduce((a, b) => a + b, 0)
  expect(answered + totals.abandoned).toBe(REQUESTS)
  // A client that leaves while its request is still on the way may never have been seen.
  const seen = metrics.sum('understudy_requests_total')
  expect(seen).toBeLessThanOrEqual(REQUESTS)
  expect(seen).toBeGreaterThanOrEqual(REQUESTS - totals.abandoned)

  const counted = {
    eligible: metrics.sum('understudy_eligible_total'),
    sampled: metrics.sum('understudy_sampled_total'),
    sent: metrics.sum('understudy_shadow_sent_total'),
    dropped: metrics.sum('understudy_shadow_dropped_total'),
    pairs: metrics.sum('understudy_pairs_total'),
    unpaired: metrics.sum('understudy_unpaired_total'),
  }
  expect(counted.sampled).toBe(counted.sent + counted.dropped)
  expect(counted.sent).toBe(counted.pairs + counted.unpaired)
  const { id, counts } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/soak.v2`)) as {
    id: string
    counts: WindowCounts
  }
  expect({ ...counts, dropped: sum(counts.dropped), unpaired: sum(counts.unpaired) }).toMatchObject(counted)
  expect(metrics.value('understudy_frames_lost_total')).toBe(0)
  expect(metrics.value('understudy_thread_restarts_total')).toBe(0)

  const sinkDropped = metrics.sum('understudy_sink_dropped_total')
  const directory = proxy.directory
  proxy.signal('SIGTERM')
  // It ends by itself: nothing keeps it alive, and nobody calls process.exit.
  expect((await proxy.exited).code).toBe(0)
  const file = await readRecords(join(directory, 'pairs.ndjson'))
  // A full queue drops pairs, never windows, and counts them.
  expect(file.pairs).toBe(counted.pairs - sinkDropped)
  expect(file.experiments).toEqual(new Set([id]))
  expect({ ...file.counts, dropped: sum(file.counts.dropped), unpaired: sum(file.counts.unpaired) }).toMatchObject(
    counted,
  )

  const memory = endMs > WARM_UP_MS + 2 * LOOK_MS ? { warm: rssFrom(WARM_UP_MS), last: rssFrom(endMs - LOOK_MS) } : null
  console.log(
    `soak: ${REQUESTS} requests in ${(endMs / 1000).toFixed(0)} s, statuses ${JSON.stringify(Object.fromEntries(totals.statuses))}, ` +
      `abandoned ${totals.abandoned}, ${JSON.stringify(counted)}, outcomes ${JSON.stringify(counts.outcomes)}, ` +
      `records the sink gave up ${sinkDropped}, ${memory === null ? 'too short for a look at the memory' : describeGrowth(memory)}`,
  )
  if (memory !== null) expect(memory.last / memory.warm).toBeLessThan(GROWTH_LIMIT)
}, 1_800_000)

async function readRecords(path: string): Promise<{ pairs: number; experiments: Set<string>; counts: WindowCounts }> {
  const counts = emptyCounts()
  const experiments = new Set<string>()
  let pairs = 0
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line.startsWith('{"schema":"understudy.pair/1"')) {
      pairs++
      continue
    }
    const window = JSON.parse(line) as SealedWindow
    experiments.add(window.experiment)
    addCounts(counts, window.counts)
  }
  return { pairs, experiments, counts }
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)

const describeGrowth = ({ warm, last }: { readonly warm: number; readonly last: number }): string =>
  `RSS ${mebibytes(warm)} MiB after a minute, ${mebibytes(last)} MiB at the end (x${(last / warm).toFixed(3)})`

const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0)
