import {
  DURATION_EDGES_SECONDS,
  type FoldedHistogram,
  type RequestCounters,
  type ShadowCounters,
  type ThreadCounters,
} from '../../src/wire/messages.ts'
import { DROP_REASONS, UNPAIRED_REASONS, zeroes } from '../../src/wire/outcomes.ts'

/** One count in each of these buckets of the duration grid. */
export function histogram(sum: number, ...buckets: number[]): FoldedHistogram {
  const counts = Array.from({ length: DURATION_EDGES_SECONDS.length + 1 }, () => 0)
  for (const bucket of buckets) counts[bucket] = (counts[bucket] ?? 0) + 1
  return { buckets: counts, sum }
}

export function requestCounters(changes: Partial<RequestCounters> = {}): RequestCounters {
  return {
    route: 'churn',
    arm: 'primary',
    codeClass: '2xx',
    duration: histogram(0),
    timeToFirstByte: histogram(0),
    ...changes,
  }
}

export function shadowCounters(changes: Partial<ShadowCounters> = {}): ShadowCounters {
  return {
    route: 'churn',
    shadow: 'churn-v2',
    eligible: 0,
    sampled: 0,
    sent: 0,
    dropped: zeroes(DROP_REASONS),
    pairs: 0,
    unpaired: zeroes(UNPAIRED_REASONS),
    inFlight: 0,
    ...changes,
  }
}

/** What a thread posts before its first request, changed as a test needs it. */
export function threadCounters(changes: Partial<ThreadCounters> = {}): ThreadCounters {
  return {
    requests: [requestCounters()],
    shadows: [shadowCounters()],
    errors: [],
    upstreams: [
      { upstream: 'churn-v1', inFlight: 0, healthyEndpoints: 1 },
      { upstream: 'churn-v2', inFlight: 0, healthyEndpoints: 1 },
    ],
    arms: [{ route: 'churn', arm: 'primary', retries: 0, fallbacks: 0 }],
    connections: 0,
    inFlight: 0,
    eventLoopLagSeconds: 0,
    busyShare: 0,
    ...changes,
  }
}
