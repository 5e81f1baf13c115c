import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant } from './contestants.ts'
import type { Results } from './findings.ts'
import { markdownTable, milliseconds, whole, withRange } from './markdown.ts'
import type { ModelServers } from './model-servers.ts'
import type { Saturator } from './saturator.ts'
import { rotated, spread } from './statistics.ts'
import { COUNTERS_LAG_MS, readCounts, shareSent, type CopyCounts } from './understudy-counts.ts'
import type { Saturation } from './wrk.ts'

/** For the compilers: the JavaScript rows still become cheaper after 100 000 requests. */
const WARM_UP_SECONDS = 8

export interface SaturatedRun extends Saturation {
  /** NaN without a proxy. */
  readonly cpuUsPerRequest: number
  /** Copies that reached the shadow, per request; null: none are sent. */
  readonly arrived: number | null
  /** Share of the copies that Understudy sent and did not drop; null: not Understudy, or it sends none. */
  readonly sent: number | null
}

export interface SaturatedLoad {
  readonly saturator: Saturator
  readonly servers: ModelServers
  readonly connections: number
  readonly rounds: number
  readonly seconds: number
}

/** All contestants in turn, in an order that changes from round to round. A round before the first is not counted. */
export async function saturate(
  contestants: readonly Contestant[],
  load: SaturatedLoad,
): Promise<Results<SaturatedRun>> {
  const results = new Map<string, SaturatedRun[]>(contestants.map(({ name }) => [name, []]))
  for (const contestant of contestants) await run(contestant, load, WARM_UP_SECONDS)
  for (let round = 1; round <= load.rounds; round++) {
    for (const contestant of rotated(contestants, round)) {
      results.get(contestant.name)?.push(await run(contestant, load, load.seconds))
    }
    console.error(`  round ${round} of ${load.rounds}`)
  }
  return results
}

async function run(contestant: Contestant, load: SaturatedLoad, seconds: number): Promise<SaturatedRun> {
  const { saturator, servers, connections } = load
  const countsBefore = await ownCounts(contestant)
  const arrivedBefore = await servers.arrived()
  const cpuBeforeMs = contestant.cpuMs()
  const saturation = await saturator.run(contestant.port, connections, seconds)
  // Comparing and delivering go on for a moment after the last answer. They are part of what the requests cost, and so
  // the others are given the same time.
  await sleep(COUNTERS_LAG_MS)
  const cpuMs = contestant.cpuMs() - cpuBeforeMs
  const arrived = (await servers.arrived()) - arrivedBefore
  const counts = await ownCounts(contestant)
  return {
    ...saturation,
    cpuUsPerRequest: (cpuMs * 1000) / saturation.requests,
    arrived: contestant.mirrors ? arrived / saturation.requests : null,
    sent: countsBefore === null || counts === null ? null : shareSent(countsBefore, counts),
  }
}

async function ownCounts({ mirrors, adminUrl }: Contestant): Promise<CopyCounts | null> {
  return mirrors && adminUrl !== null ? readCounts(adminUrl) : null
}

const HEADER = [
  '',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'CPU µs/request',
  'copies arrived',
  'copies sent (own count)',
  'errors',
]

/** One line per contestant, in the order in which they were started. */
export function saturatedTable(results: Results<SaturatedRun>): string {
  const rows = [...results].map(([name, runs]) => {
    const cell = (read: (run: SaturatedRun) => number | null, write: (value: number) => string): string => {
      const values = runs.map(read).filter(value => value !== null)
      return values.length === 0 ? '—' : withRange(spread(values), write)
    }
    return [
      name,
      cell(run => run.requestsPerS, whole),
      cell(run => run.p50Us, milliseconds),
      cell(run => run.p99Us, milliseconds),
      cell(
        run => (Number.isNaN(run.cpuUsPerRequest) ? null : run.cpuUsPerRequest),
        value => value.toFixed(1),
      ),
      cell(run => run.arrived, percent),
      cell(run => run.sent, percent),
      whole(runs.reduce((sum, { errors }) => sum + errors, 0)),
    ]
  })
  return markdownTable(HEADER, rows)
}

/** `99.9 %`: one copy in a thousand matters here. */
export function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`
}

/** Below this a row has not done what it is compared for. */
const ENOUGH = 0.99

/** To be said loudly: rows that did less than they were asked to must not be taken for cheap ones. */
export function complaints(results: Results<SaturatedRun>): string[] {
  return [...results].flatMap(([name, runs]) => [
    ...(runs.some(({ errors }) => errors > 0) ? [`${name} failed requests: its CPU per request means nothing`] : []),
    ...(runs.some(({ arrived, sent }) => (arrived ?? 1) < ENOUGH || (sent ?? 1) < ENOUGH)
      ? [`${name} did not send every copy: it looks cheaper than it is`]
      : []),
  ])
}
