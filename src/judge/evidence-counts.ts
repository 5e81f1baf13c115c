import type { CoverageCounts } from '../evidence/coverage.ts'
import { percentileInterval } from '../evidence/percentile-interval.ts'
import type { Choice } from '../evidence/declared-gates.ts'
import type { ArmCounts, ArmOutcomes, PairCounts, PairedDifference } from '../evidence/counts.ts'
import { LATENCY_BUCKETS, LATENCY_EDGES_US } from '../wire/latency-grid.ts'
import { total } from '../wire/total.ts'
import type { Outcome } from '../wire/outcomes.ts'
import type { Arms, ArmVotes, Crossings, Lateness, SparseHistogram, WindowCounts } from '../wire/window.ts'

/** A percentile of fewer latencies is not worth freezing. */
export const CALIBRATION_PAIRS = 200

/** How far the choice of a latency threshold has come; `what` is timed. */
export function thresholdChoice({ primary }: Lateness['latency'], what: string): Choice {
  return { missing: 'its threshold is not chosen yet', counted: total(primary), needed: CALIBRATION_PAIRS, what }
}

/** The event loop is looked at each 50 ms. */
const LAGS_PER_SECOND = 20
const LAG_PERCENTILE = 99
const LAG_ALPHA = 0.01

/** Nothing is judged against a threshold before there is one. */
const NONE: PairedDifference = { worse: 0, same: 0, better: 0 }

/** What is judged by a threshold. */
export interface Timed {
  /** Of the windows behind the choice of the threshold, and the part of it that is no votes. */
  readonly all: Lateness
  readonly repeated: Lateness
  /** Of the grid: what was chosen. */
  readonly edge: number
}

/** The votes in the sum of some windows. `latency`, `firstToken`: null while no threshold is chosen. */
export function pairCounts(counts: WindowCounts, latency: Timed | null, firstToken: Timed | null): PairCounts {
  const votes = (outcome: Outcome): number => counts.outcomes[outcome] - counts.repeated.outcomes[outcome]
  const slower = counts.slowdown.slower - counts.repeated.slowdown.slower
  const timed = counts.slowdown.pairs - counts.repeated.slowdown.pairs
  return {
    agreement: { agree: votes('agree'), disagree: votes('disagree') },
    belowNoise: {
      worse: counts.noise.shadow,
      better: counts.noise.control,
      same: counts.noise.both + counts.noise.neither,
    },
    errors: {
      worse: votes('shadow_error'),
      better: votes('primary_error'),
      same: pairVotes(counts) - votes('shadow_error') - votes('primary_error'),
    },
    latency: latency === null ? NONE : overEdge(latency),
    firstToken: firstToken === null ? NONE : overEdge(firstToken),
    slowdown: { slower, notSlower: timed - slower },
  }
}

/** Pairs that are the first of their unit. */
export function pairVotes(counts: WindowCounts): number {
  return total(counts.outcomes) - total(counts.repeated.outcomes)
}

/** The share in which the control agrees with the primary; null without a control. */
export function controlAgreement({ noise }: WindowCounts): number | null {
  const votes = total({ ...noise })
  return votes === 0 ? null : (noise.neither + noise.shadow) / votes
}

/** Requests of clients by arm. `edge`: of the grid, over which an answer is slow; null: no threshold is chosen. */
export function armCounts(arms: Readonly<Record<string, Arms>>, edge: number | null): ArmCounts[] {
  return Object.entries(arms).map(([percent, { primary, canary }]) => ({
    rho: Number(percent) / 100,
    primary: outcomesOf(primary, edge),
    canary: outcomesOf(canary, edge),
  }))
}

function outcomesOf({ requests, errors, latency }: ArmVotes, edge: number | null): ArmOutcomes {
  return { requests, errors, slow: edge === null ? 0 : overEdgeCount(latency, edge) }
}

function overEdgeCount(latency: SparseHistogram, edge: number): number {
  let slow = total(latency)
  for (let bucket = 0; bucket <= edge; bucket++) slow -= latency[bucket] ?? 0
  return slow
}

/** What became of the exchanges of the windows: dropped, unpaired and incomparable ones are lost to the comparison. */
export function coverageCounts(counts: WindowCounts): CoverageCounts {
  const { outcomes, dropped, unpaired } = counts
  // What nobody asked to compare is not lost.
  const { compare_off: _off, ...incomparable } = counts.incomparable
  return {
    eligible: counts.eligible,
    sampled: counts.sampled,
    paired: counts.pairs,
    agree: outcomes.agree,
    disagree: outcomes.disagree,
    lost: { ...dropped, ...unpaired, ...incomparable },
  }
}

/**
 * What the 99th percentile of the event loop's lag is shown to exceed, microseconds; 0 while nothing shows that it is over
 * the first edge of the grid. Lags of one second go together, so its twenty looks have one vote between them: an e-process
 * with a twentieth of each is at most the mean of twenty, however the looks depend on each other. A collection of garbage,
 * or one bad second, shows nothing.
 */
export function loopLagAtLeastUs(loopLag: SparseHistogram): number {
  const votes = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => (loopLag[bucket] ?? 0) / LAGS_PER_SECOND)
  return percentileInterval(LATENCY_EDGES_US, votes, LAG_PERCENTILE, LAG_ALPHA).lower
}

/**
 * The lowest edge that at most `1 - percentile / 100` of the latencies are over, as its number on the grid; the last edge
 * when they all are. null without latencies.
 */
export function percentileEdge(histogram: SparseHistogram, percentile: number): number | null {
  const latencies = total(histogram)
  if (latencies === 0) return null
  let over = latencies
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    over -= histogram[bucket] ?? 0
    if (over <= latencies * (1 - percentile / 100)) return Math.min(bucket, LATENCY_EDGES_US.length - 1)
  }
  return LATENCY_EDGES_US.length - 1
}

/** The latency of an edge of the grid, microseconds; null: none is chosen. */
export function thresholdAt(edge: number | null): number | null {
  return edge === null ? null : (LATENCY_EDGES_US[edge] as number)
}

/** The first edge that is not below the threshold, microseconds. */
export function edgeAt(thresholdUs: number): number {
  const found = LATENCY_EDGES_US.findIndex(edge => edge >= thresholdUs)
  return found === -1 ? LATENCY_EDGES_US.length - 1 : found
}

function overEdge({ all: { latency, crossings }, repeated, edge }: Timed): PairedDifference {
  const worse = straddling(crossings.up, edge) - straddling(repeated.crossings.up, edge)
  const better = straddling(crossings.down, edge) - straddling(repeated.crossings.down, edge)
  return { worse, better, same: total(latency.primary) - total(repeated.latency.primary) - worse - better }
}

/** Pairs with one latency at or below the edge and the other over it: see `bumpLateness`. */
function straddling({ from, to }: Crossings, edge: number): number {
  let pairs = 0
  for (let bucket = 0; bucket <= edge; bucket++) pairs += (from[bucket] ?? 0) - (to[bucket] ?? 0)
  return pairs
}
