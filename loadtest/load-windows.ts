import { BOOKED_WITHIN_MS, type StolenTime } from './stolen-time.ts'

/** At 2 000 requests/s five of a window are slower than its p99. Young collections, each 0.15 to 0.23 s, fall into nearly all of them. */
const WINDOW_MS = 250

/** A quarter of a second of a measurement. */
export interface LoadWindow {
  /** Of the requests that were due in it and were answered or timed out; null: there are none. */
  readonly p99Us: number | null
  /** The host took processor time in it or right beside it, or nobody looked. */
  readonly disturbed: boolean
}

/** Latency of each request of a schedule; 0 where none is known. */
export interface Timeline {
  readonly latenciesUs: Uint32Array
  readonly dueMs: (request: number) => number
}

/** All whole windows from `fromMs` to `untilMs`, on the clock of the timeline and of what was stolen. */
export function windowsOf(
  { latenciesUs, dueMs }: Timeline,
  fromMs: number,
  untilMs: number,
  stolen: StolenTime,
): LoadWindow[] {
  const inWindows: number[][] = Array.from({ length: Math.floor((untilMs - fromMs) / WINDOW_MS) }, () => [])
  for (const [request, latencyUs] of latenciesUs.entries()) {
    if (latencyUs > 0) inWindows[Math.floor((dueMs(request) - fromMs) / WINDOW_MS)]?.push(latencyUs)
  }
  return inWindows.map((latencies, i) => {
    const startMs = fromMs + i * WINDOW_MS
    const disturbed = stolen.mayHaveTaken(startMs - BOOKED_WITHIN_MS, startMs + WINDOW_MS + BOOKED_WITHIN_MS)
    return { p99Us: p99Of(latencies), disturbed }
  })
}

function p99Of(latencies: readonly number[]): number | null {
  return latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? null
}
