import type { FoldedHistogram, RequestCounters, ShadowCounters, ThreadCounters } from '../wire/messages.ts'
import { total } from '../wire/total.ts'

/** The sum of the counters of all data-plane threads, those of dead threads included. */
export interface FoldedCounters {
  readonly requests: readonly RequestCounters[]
  readonly shadows: readonly ShadowCounters[]
  readonly errors: ThreadCounters['errors']
  readonly upstreams: ThreadCounters['upstreams']
  readonly arms: ThreadCounters['arms']
  readonly connections: number
  readonly inFlight: number
}

/** Adds up what threads count of the same route, arm, shadow, error or upstream; such rows come once. */
export function foldCounters(threads: readonly ThreadCounters[]): FoldedCounters {
  return {
    requests: foldBy(
      threads.flatMap(thread => thread.requests),
      row => `${row.route}\n${row.arm}\n${row.codeClass}`,
      addRequests,
    ),
    shadows: foldBy(
      threads.flatMap(thread => thread.shadows),
      row => `${row.route}\n${row.shadow}`,
      addShadows,
    ),
    errors: foldBy(
      threads.flatMap(thread => thread.errors),
      row => `${row.route}\n${row.leg}\n${row.code}`,
      (a, b) => ({ ...a, count: a.count + b.count }),
    ),
    upstreams: foldBy(
      threads.flatMap(thread => thread.upstreams),
      row => row.upstream,
      // Threads judge endpoints on their own; the most pessimistic one is what an operator must know.
      (a, b) => ({
        ...a,
        inFlight: a.inFlight + b.inFlight,
        healthyEndpoints: Math.min(a.healthyEndpoints, b.healthyEndpoints),
      }),
    ),
    arms: foldBy(
      threads.flatMap(thread => thread.arms),
      row => `${row.route}\n${row.arm}`,
      (a, b) => ({ ...a, retries: a.retries + b.retries, fallbacks: a.fallbacks + b.fallbacks }),
    ),
    connections: threads.reduce((sum, thread) => sum + thread.connections, 0),
    inFlight: threads.reduce((sum, thread) => sum + thread.inFlight, 0),
  }
}

/**
 * What a thread leaves behind when it is gone: its totals, but nothing that was only true while it lived. Copies it had
 * under way are closed, so that the laws hold without it: sent ones have no outcome, the others no whole body.
 */
export function withoutGauges(counters: ThreadCounters): ThreadCounters {
  return {
    ...counters,
    shadows: counters.shadows.map(closed),
    upstreams: [],
    connections: 0,
    inFlight: 0,
    eventLoopLagSeconds: 0,
    busyShare: 0,
  }
}

function closed(row: ShadowCounters): ShadowCounters {
  const lostPairs = row.sent - row.pairs - total(row.unpaired)
  const lostCopies = row.sampled - row.sent - total(row.dropped)
  return {
    ...row,
    inFlight: 0,
    unpaired: { ...row.unpaired, thread_crash: row.unpaired.thread_crash + lostPairs },
    dropped: { ...row.dropped, upload_incomplete: row.dropped.upload_incomplete + lostCopies },
  }
}

function foldBy<T>(rows: readonly T[], key: (row: T) => string, add: (a: T, b: T) => T): T[] {
  const folded = new Map<string, T>()
  for (const row of rows) {
    const before = folded.get(key(row))
    folded.set(key(row), before === undefined ? row : add(before, row))
  }
  return [...folded.values()]
}

function addRequests(a: RequestCounters, b: RequestCounters): RequestCounters {
  return {
    ...a,
    duration: addHistograms(a.duration, b.duration),
    timeToFirstByte: addHistograms(a.timeToFirstByte, b.timeToFirstByte),
  }
}

function addHistograms(a: FoldedHistogram, b: FoldedHistogram): FoldedHistogram {
  return { buckets: a.buckets.map((count, i) => count + (b.buckets[i] ?? 0)), sum: a.sum + b.sum }
}

function addShadows(a: ShadowCounters, b: ShadowCounters): ShadowCounters {
  return {
    ...a,
    eligible: a.eligible + b.eligible,
    sampled: a.sampled + b.sampled,
    sent: a.sent + b.sent,
    dropped: addRecords(a.dropped, b.dropped),
    pairs: a.pairs + b.pairs,
    unpaired: addRecords(a.unpaired, b.unpaired),
    inFlight: a.inFlight + b.inFlight,
  }
}

function addRecords<K extends string>(
  a: Readonly<Record<K, number>>,
  b: Readonly<Record<K, number>>,
): Record<K, number> {
  const sum: Record<K, number> = { ...a }
  for (const key of Object.keys(b) as K[]) sum[key] = (a[key] ?? 0) + b[key]
  return sum
}
