import { latencyBucket, logRatioBucket } from './latency-grid.ts'
import {
  DROP_REASONS,
  INCOMPARABLE_REASONS,
  OUTCOMES,
  UNPAIRED_REASONS,
  zeroes,
  type DropReason,
  type IncomparableReason,
  type Outcome,
  type UnpairedReason,
} from './outcomes.ts'

/**
 * The counts of one experiment over one second of arrival time on one thread: integers only, so merging is addition and
 * the order of merging cannot matter. Histograms are sparse: bucket number (as a string key) to count.
 */
export interface WindowCounts {
  eligible: number
  sampled: number
  sent: number
  dropped: Record<DropReason, number>
  pairs: number
  unpaired: Record<UnpairedReason, number>
  outcomes: Record<Outcome, number>
  incomparable: Record<IncomparableReason, number>
  /** Buckets of wire/latency-grid.ts; a failed leg counts in the last bucket. */
  latency: { primary: SparseHistogram; shadow: SparseHistogram; logRatio: SparseHistogram }
  /** Pairs whose two latencies are in different buckets, `up` where the shadow's is the larger one: see `bumpLatencies`. */
  crossings: { up: Crossings; down: Crossings }
  /** Pairs that say which leg was slower, and those of them in which the shadow was, by more than the gate's ratio. */
  slowdown: { pairs: number; slower: number }
}

/** Buckets of wire/latency-grid.ts: of the smaller latency, and of the larger one. */
export interface Crossings {
  from: SparseHistogram
  to: SparseHistogram
}

export type SparseHistogram = Record<string, number>

export interface SealedWindow {
  readonly schema: 'understudy.window/1'
  readonly experiment: string
  /** `replica/boot/thread`: with `second` and `experiment` the key of the window. */
  readonly origin: string
  /** Seconds since the epoch at which the window's exchanges arrived. */
  readonly second: number
  readonly counts: WindowCounts
}

export function emptyCounts(): WindowCounts {
  return {
    eligible: 0,
    sampled: 0,
    sent: 0,
    dropped: zeroes(DROP_REASONS),
    pairs: 0,
    unpaired: zeroes(UNPAIRED_REASONS),
    outcomes: zeroes(OUTCOMES),
    incomparable: zeroes(INCOMPARABLE_REASONS),
    latency: { primary: {}, shadow: {}, logRatio: {} },
    crossings: { up: { from: {}, to: {} }, down: { from: {}, to: {} } },
    slowdown: { pairs: 0, slower: 0 },
  }
}

export function bump(histogram: SparseHistogram, bucket: number): void {
  const key = String(bucket)
  histogram[key] = (histogram[key] ?? 0) + 1
}

/**
 * Counts the latencies of one pair, microseconds; Infinity for a leg that failed. The ratio counts only where neither did.
 * A threshold may be chosen after the pair was counted, so the pair is counted for all of them at once: with the smaller
 * latency in bucket a and the larger in b > a it is over edge k on one leg only for a <= k < b, and the number of such
 * pairs is the sum of `from` up to k minus that of `to` up to k. `slowdownRatio`: shadow over primary latency.
 */
export function bumpLatencies(counts: WindowCounts, primaryUs: number, shadowUs: number, slowdownRatio: number): void {
  const primary = latencyBucket(primaryUs)
  const shadow = latencyBucket(shadowUs)
  bump(counts.latency.primary, primary)
  bump(counts.latency.shadow, shadow)
  if (primary !== shadow) {
    const { from, to } = shadow > primary ? counts.crossings.up : counts.crossings.down
    bump(from, Math.min(primary, shadow))
    bump(to, Math.max(primary, shadow))
  }
  if (primaryUs === Infinity && shadowUs === Infinity) return
  counts.slowdown.pairs++
  if (shadowUs > primaryUs * slowdownRatio) counts.slowdown.slower++
  if (primaryUs === Infinity || shadowUs === Infinity) return
  bump(counts.latency.logRatio, logRatioBucket(Math.log(Math.max(1, shadowUs) / Math.max(1, primaryUs))))
}

/** Adds `from` into `into`. Addition is associative and commutative: threads, replicas and replays agree. */
export function addCounts(into: WindowCounts, from: WindowCounts): void {
  into.eligible += from.eligible
  into.sampled += from.sampled
  into.sent += from.sent
  into.pairs += from.pairs
  addInto(into.dropped, from.dropped)
  addInto(into.unpaired, from.unpaired)
  addInto(into.outcomes, from.outcomes)
  addInto(into.incomparable, from.incomparable)
  addInto(into.latency.primary, from.latency.primary)
  addInto(into.latency.shadow, from.latency.shadow)
  addInto(into.latency.logRatio, from.latency.logRatio)
  addInto(into.crossings.up.from, from.crossings.up.from)
  addInto(into.crossings.up.to, from.crossings.up.to)
  addInto(into.crossings.down.from, from.crossings.down.from)
  addInto(into.crossings.down.to, from.crossings.down.to)
  into.slowdown.pairs += from.slowdown.pairs
  into.slowdown.slower += from.slowdown.slower
}

function addInto(into: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const key of Object.keys(from)) into[key] = (into[key] ?? 0) + (from[key] as number)
}
