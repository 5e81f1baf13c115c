/**
 * The one grid on which windows count latencies: 64 edges, log-spaced from 1 ms to 5 min, so that windows of any thread
 * or replica add up. Bucket i holds latencies in (edge[i-1], edge[i]]; bucket 64 is everything over the last edge.
 */
const EDGE_COUNT = 64
const FIRST_EDGE_US = 1_000
const LAST_EDGE_US = 300_000_000

export const LATENCY_EDGES_US: readonly number[] = Array.from({ length: EDGE_COUNT }, (_, i) =>
  Math.round(FIRST_EDGE_US * (LAST_EDGE_US / FIRST_EDGE_US) ** (i / (EDGE_COUNT - 1))),
)

export const LATENCY_BUCKETS = EDGE_COUNT + 1

/** The bucket of a latency in microseconds; a failed or timed-out leg belongs in the last one (`Infinity`). */
export function latencyBucket(latencyUs: number): number {
  let low = 0
  let high = EDGE_COUNT
  while (low < high) {
    const middle = (low + high) >> 1
    if (latencyUs <= (LATENCY_EDGES_US[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}

/** Edges of ln(shadow latency / primary latency): 33 from -4 to 4 in steps of a quarter; bucket i as above. */
export const LOG_RATIO_EDGES: readonly number[] = Array.from({ length: 33 }, (_, i) => -4 + i / 4)
export const LOG_RATIO_BUCKETS = LOG_RATIO_EDGES.length + 1

export function logRatioBucket(logRatio: number): number {
  const bucket = Math.ceil((logRatio + 4) * 4)
  return Math.max(0, Math.min(LOG_RATIO_BUCKETS - 1, bucket))
}
