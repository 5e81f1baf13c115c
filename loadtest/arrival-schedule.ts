/** One part of a schedule. */
export interface RateStep {
  readonly ratePerS: number
  readonly forMs: number
}

interface Part extends RateStep {
  readonly fromMs: number
  /** Number of its first request. */
  readonly first: number
}

/** When each request of an open loop is due, counted from the start of the run. Within a step the distances are equal. */
export class ArrivalSchedule {
  /** Number of requests. */
  readonly total: number
  readonly fastestPerS: number
  readonly #parts: readonly Part[]

  constructor(steps: readonly RateStep[]) {
    const parts: Part[] = []
    let fromMs = 0
    let first = 0
    for (const step of steps) {
      parts.push({ ...step, fromMs, first })
      fromMs += step.forMs
      first += Math.floor((step.forMs * step.ratePerS) / 1000)
    }
    this.#parts = parts
    this.total = first
    this.fastestPerS = Math.max(...steps.map(step => step.ratePerS))
  }

  /** Milliseconds from the start of the run. */
  dueMs(request: number): number {
    // From the end: nearly all questions are about the newest requests.
    for (let i = this.#parts.length - 1; i >= 0; i--) {
      const { first, fromMs, ratePerS } = this.#parts[i] as Part
      if (request >= first) return fromMs + ((request - first) * 1000) / ratePerS
    }
    throw new RangeError(`request ${request} is not on the schedule`)
  }
}
