import type { ErrorKind, LoadResult } from './load-plan.ts'
import { markdownTable, milliseconds, ratio, whole, withRange } from './markdown.ts'
import type { Measurement } from './measure.ts'
import { spread, type Spread } from './statistics.ts'
import { undisturbedCells } from './undisturbed-cells.ts'

/** One round: the same load with the shadow and without one. */
export interface Comparison {
  readonly shadowed: Measurement
  readonly alone: Measurement
  /** Share of the requests of which a copy reached the shadow; null: nobody could count. */
  readonly copies: number | null
}

export interface IsolationRow {
  readonly shadow: string
  readonly proxy: string
  /** One per round. */
  readonly comparisons: Comparison[]
}

const HEADER = [
  'shadow',
  'proxy',
  'p50 ms',
  'p99 ms',
  'p50 ×',
  'p99 ×',
  'undisturbed p99 ×',
  'slow windows, without shadow',
  'throughput ×',
  'errors',
  'errors without shadow',
  'CPU µs/request',
  'copies arrived',
  'driver late ms',
]

/**
 * The isolation table: `×` columns are ratios to no shadow, round by round; the undisturbed one is explained in
 * undisturbed-cells.ts. The last is the p99 of the driver's own lateness in its worst round, with the shadow or without:
 * that much of the latencies may not be the proxy's.
 */
export function isolationTable(rows: readonly IsolationRow[]): string {
  return markdownTable(HEADER, rows.map(cellsOf), 2)
}

function cellsOf({ shadow, proxy, comparisons }: IsolationRow): string[] {
  const median = (read: (comparison: Comparison) => number): number => spread(comparisons.map(read)).median
  const times = (read: (result: Measurement) => number): Spread =>
    spread(comparisons.map(({ shadowed, alone }) => read(shadowed) / read(alone)))
  return [
    shadow,
    proxy,
    milliseconds(median(({ shadowed }) => shadowed.p50Us)),
    milliseconds(median(({ shadowed }) => shadowed.p99Us)),
    withRange(
      times(result => result.p50Us),
      ratio,
    ),
    withRange(
      times(result => result.p99Us),
      ratio,
    ),
    ...undisturbedCells(comparisons.map(({ shadowed, alone }) => ({ over: shadowed, under: alone }))),
    ratio(times(result => result.achievedPerS).median),
    errorsOf(comparisons.map(({ shadowed }) => shadowed)),
    errorsOf(comparisons.map(({ alone }) => alone)),
    whole(median(({ shadowed }) => shadowed.cpuUsPerRequest)),
    copiesOf(comparisons),
    milliseconds(Math.max(...comparisons.flatMap(({ shadowed, alone }) => [shadowed, alone]).map(lagOf))),
  ]
}

function lagOf({ driverLagP99Us }: Measurement): number {
  return driverLagP99Us
}

/** `0`, or the sums by kind over all rounds with the share of all requests: `132 timeout (4.4 %)`. */
export function errorsOf(results: readonly LoadResult[]): string {
  const sent = results.reduce((sum, result) => sum + result.sent, 0)
  const kinds = Object.keys(results[0]?.errors ?? {}) as ErrorKind[]
  const counted = kinds
    .map(kind => ({ kind, count: results.reduce((sum, result) => sum + result.errors[kind], 0) }))
    .filter(({ count }) => count > 0)
  if (counted.length === 0) return '0'
  const all = counted.reduce((sum, { count }) => sum + count, 0)
  const share = ((all * 100) / sent).toFixed(1)
  return `${counted.map(({ kind, count }) => `${whole(count)} ${kind}`).join(', ')} (${share} %)`
}

function copiesOf(comparisons: readonly Comparison[]): string {
  const shares = comparisons.map(({ copies }) => copies).filter(copies => copies !== null)
  return shares.length === 0 ? '—' : `${Math.round(spread(shares).median * 100)} %`
}
