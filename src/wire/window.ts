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
export interface WindowCounts extends PairVotes {
  eligible: number
  sampled: number
  sent: number
  dropped: Record<DropReason, number>
  pairs: number
  /** Pairs whose request asks for an answer that may be another one each time. */
  stochastic: number
  unpaired: Record<UnpairedReason, number>
  incomparable: Record<IncomparableReason, number>
  /** Exchanges that have a shadow and a control, by which of the two disagreed with the primary; votes only. */
  noise: Noise
  /** What pairs said that are no votes: their unit had voted before in this experiment. Part of the counts above. */
  repeated: PairVotes
  /**
   * Requests of clients by the canary's percentage at which they were assigned (as a key), by the arm they were assigned
   * to. Empty where the route has no canary.
   */
  arms: Record<string, Arms>
  /**
   * How late the thread's event loop was in that second, in buckets of wire/latency-grid.ts, as one sees who looks each
   * 50 ms. It is in every latency above.
   */
  loopLag: SparseHistogram
}

/** How late both legs of pairs were, by one measure of it: the whole answer, or its first token. */
export interface Lateness {
  /** Buckets of wire/latency-grid.ts; a failed leg counts in the last bucket. */
  latency: { primary: SparseHistogram; shadow: SparseHistogram }
  /** Pairs whose two latencies are in different buckets, `up` where the shadow's is the larger one: see `bumpLateness`. */
  crossings: { up: Crossings; down: Crossings }
}

/** What pairs say of latency. */
export interface LatencyVotes extends Lateness {
  latency: Lateness['latency'] & { logRatio: SparseHistogram }
  /** Pairs that say which leg was slower, and those of them in which the shadow was, by more than the gate's ratio. */
  slowdown: { pairs: number; slower: number }
}

export interface PairVotes extends LatencyVotes {
  outcomes: Record<Outcome, number>
  /** Times to the first token, of pairs in which a leg is a stream and both times are known. */
  firstToken: Lateness
}

export interface Noise {
  neither: number
  shadow: number
  control: number
  both: number
}

export interface Arms {
  primary: ArmVotes
  canary: ArmVotes
}

/** One vote for each sticky key: its first request, all others follow it to its arm. */
export interface ArmVotes {
  requests: number
  errors: number
  /** Buckets of wire/latency-grid.ts; a request that failed counts in the last bucket. */
  latency: SparseHistogram
  /** Further requests of keys that have voted. */
  repeats: number
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
  /**
   * Microseconds since the epoch, never twice the same in one process: judges look at windows in the order in which they
   * are sealed, so a replay needs it. Absent where a window has not come out of an analysis thread.
   */
  readonly sealedAtUs?: number
  readonly counts: WindowCounts
}

export function emptyCounts(): WindowCounts {
  return {
    eligible: 0,
    sampled: 0,
    sent: 0,
    dropped: zeroes(DROP_REASONS),
    pairs: 0,
    stochastic: 0,
    unpaired: zeroes(UNPAIRED_REASONS),
    incomparable: zeroes(INCOMPARABLE_REASONS),
    ...emptyVotes(),
    noise: { neither: 0, shadow: 0, control: 0, both: 0 },
    repeated: emptyVotes(),
    arms: {},
    loopLag: {},
  }
}

function emptyVotes(): PairVotes {
  return {
    outcomes: zeroes(OUTCOMES),
    latency: { primary: {}, shadow: {}, logRatio: {} },
    crossings: { up: { from: {}, to: {} }, down: { from: {}, to: {} } },
    slowdown: { pairs: 0, slower: 0 },
    firstToken: emptyLateness(),
  }
}

export function emptyLateness(): Lateness {
  return {
    latency: { primary: {}, shadow: {} },
    crossings: { up: { from: {}, to: {} }, down: { from: {}, to: {} } },
  }
}

export function emptyArms(): Arms {
  return {
    primary: { requests: 0, errors: 0, latency: {}, repeats: 0 },
    canary: { requests: 0, errors: 0, latency: {}, repeats: 0 },
  }
}

export function bump(histogram: SparseHistogram, bucket: number): void {
  const key = String(bucket)
  histogram[key] = (histogram[key] ?? 0) + 1
}

/**
 * Counts the latencies of one pair, microseconds; Infinity for a leg that failed. A threshold may be chosen after the pair
 * was counted, so the pair is counted for all of them at once: with the smaller latency in bucket a and the larger in
 * b > a it is over edge k on one leg only for a <= k < b, and the number of such pairs is the sum of `from` up to k minus
 * that of `to` up to k.
 */
export function bumpLateness(votes: Lateness, primaryUs: number, shadowUs: number): void {
  const primary = latencyBucket(primaryUs)
  const shadow = latencyBucket(shadowUs)
  bump(votes.latency.primary, primary)
  bump(votes.latency.shadow, shadow)
  if (primary !== shadow) {
    const { from, to } = shadow > primary ? votes.crossings.up : votes.crossings.down
    bump(from, Math.min(primary, shadow))
    bump(to, Math.max(primary, shadow))
  }
}

/**
 * Counts what a pair says of latency, microseconds; Infinity for a leg that failed. The ratio counts only where neither
 * did. `slowdownRatio`: shadow over primary latency.
 */
export function bumpLatencies(votes: LatencyVotes, primaryUs: number, shadowUs: number, slowdownRatio: number): void {
  bumpLateness(votes, primaryUs, shadowUs)
  if (primaryUs === Infinity && shadowUs === Infinity) return
  votes.slowdown.pairs++
  if (shadowUs > primaryUs * slowdownRatio) votes.slowdown.slower++
  if (primaryUs === Infinity || shadowUs === Infinity) return
  bump(votes.latency.logRatio, logRatioBucket(Math.log(Math.max(1, shadowUs) / Math.max(1, primaryUs))))
}

/** Adds `from` into `into`. Addition is associative and commutative: threads, replicas and replays agree. */
export function addCounts(into: WindowCounts, from: WindowCounts): void {
  into.eligible += from.eligible
  into.sampled += from.sampled
  into.sent += from.sent
  into.pairs += from.pairs
  into.stochastic += from.stochastic
  addInto(into.dropped, from.dropped)
  addInto(into.unpaired, from.unpaired)
  addInto(into.incomparable, from.incomparable)
  into.noise.neither += from.noise.neither
  into.noise.shadow += from.noise.shadow
  into.noise.control += from.noise.control
  into.noise.both += from.noise.both
  addVotes(into, from)
  addVotes(into.repeated, from.repeated)
  addArms(into.arms, from.arms)
  addInto(into.loopLag, from.loopLag)
}

function addVotes(into: PairVotes, from: PairVotes): void {
  addInto(into.outcomes, from.outcomes)
  addLateness(into, from)
  addLateness(into.firstToken, from.firstToken)
  addInto(into.latency.logRatio, from.latency.logRatio)
  into.slowdown.pairs += from.slowdown.pairs
  into.slowdown.slower += from.slowdown.slower
}

/** Adds `from` into `into`. */
export function addLateness(into: Lateness, from: Lateness): void {
  addInto(into.latency.primary, from.latency.primary)
  addInto(into.latency.shadow, from.latency.shadow)
  addInto(into.crossings.up.from, from.crossings.up.from)
  addInto(into.crossings.up.to, from.crossings.up.to)
  addInto(into.crossings.down.from, from.crossings.down.from)
  addInto(into.crossings.down.to, from.crossings.down.to)
}

/** Both by percentage. */
export function addArms(into: Record<string, Arms>, from: Readonly<Record<string, Arms>>): void {
  for (const percent of Object.keys(from)) {
    const sum = (into[percent] ??= emptyArms())
    const { primary, canary } = from[percent] as Arms
    addArm(sum.primary, primary)
    addArm(sum.canary, canary)
  }
}

function addArm(into: ArmVotes, from: ArmVotes): void {
  into.requests += from.requests
  into.errors += from.errors
  into.repeats += from.repeats
  addInto(into.latency, from.latency)
}

function addInto(into: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const key of Object.keys(from)) into[key] = (into[key] ?? 0) + (from[key] as number)
}
