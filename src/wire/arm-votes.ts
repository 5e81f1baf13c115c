/**
 * Requests of clients on a route with a canary, as they cross from a data-plane thread to the analysis thread: four
 * numbers each in one flat list, because there is one for every request. Only the analysis thread sees the requests of
 * all threads, so it decides which of them are votes.
 */
export interface ArmRequest {
  /** Microseconds since the epoch. */
  readonly arrivedAtUs: number
  /** Same for all requests with the same sticky key; null: the request had none and was assigned by chance. */
  readonly key: number | null
  /** The canary's percentage when the request was assigned, 0..100. */
  readonly percent: number
  /** The arm it was assigned to, whoever answered. */
  readonly arm: 'primary' | 'canary'
  readonly failed: boolean
  /** Of wire/latency-grid.ts. */
  readonly latencyBucket: number
}

const NUMBERS_PER_REQUEST = 4
const NO_KEY = -1
const CANARY = 1
const FAILED = 2
const BUCKET = 4

export function packArmRequest(
  into: number[],
  { arrivedAtUs, key, percent, arm, failed, latencyBucket }: ArmRequest,
): void {
  const flags = (arm === 'canary' ? CANARY : 0) + (failed ? FAILED : 0)
  into.push(arrivedAtUs, key ?? NO_KEY, percent, latencyBucket * BUCKET + flags)
}

/** In order of arrival: they were packed when they had an outcome, and the first to have one is not the first of its key. */
export function unpackArmRequests(packed: readonly number[]): ArmRequest[] {
  const requests: ArmRequest[] = []
  for (let at = 0; at + NUMBERS_PER_REQUEST <= packed.length; at += NUMBERS_PER_REQUEST) {
    const key = packed[at + 1] as number
    const outcome = packed[at + 3] as number
    requests.push({
      arrivedAtUs: packed[at] as number,
      key: key === NO_KEY ? null : key,
      percent: packed[at + 2] as number,
      arm: (outcome & CANARY) === 0 ? 'primary' : 'canary',
      failed: (outcome & FAILED) !== 0,
      latencyBucket: Math.floor(outcome / BUCKET),
    })
  }
  return requests.sort((a, b) => a.arrivedAtUs - b.arrivedAtUs)
}
