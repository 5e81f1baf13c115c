/**
 * One clock for all threads: microseconds since the Unix epoch, anchored to the wall clock once at process start and
 * driven by the monotonic clock afterwards, so that a stepped wall clock can neither reorder nor resize a window.
 */
export interface ClockAnchor {
  /** Wall clock at the anchor, microseconds since the epoch. */
  readonly wallUs: number
  /** Monotonic clock (shared by all threads of the process) at the anchor, microseconds. */
  readonly monotonicUs: number
}

export interface Clock {
  readonly anchor: ClockAnchor
  /** Now, microseconds since the epoch; never goes back. */
  nowUs(): number
  /** The same of a moment that `performance.now()` gave on this thread. */
  toUs(nowMs: number): number
}

function monotonicNowUs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e6 + nanoseconds / 1e3
}

export function anchorClock(): ClockAnchor {
  return { wallUs: Date.now() * 1e3, monotonicUs: monotonicNowUs() }
}

/** The clock of this thread. `performance.now()` is read on the hot path: it costs a third of `process.hrtime()`. */
export function startClock(anchor: ClockAnchor = anchorClock()): Clock {
  const originUs = anchor.wallUs + (monotonicNowUs() - anchor.monotonicUs) - performance.now() * 1e3
  const toUs = (nowMs: number): number => Math.round(originUs + nowMs * 1e3)
  return { anchor, nowUs: () => toUs(performance.now()), toUs }
}
