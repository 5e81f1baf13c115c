const SAMPLE_MS = 50
/** Of each new sample in the average: a collection of garbage fills one sample, work that is too much fills them all. */
const NEW_SAMPLE_WEIGHT = 0.3
/** By how much of all copies the share that is given up grows with a sample over the limit, and shrinks with one below. */
const STEP_UP = 0.1
const STEP_DOWN = 0.05
/** So far below the limit copies come back: in between, what is given up stays as it is. */
const CALM_BELOW = 0.05

/**
 * How busy this thread is, and which share of the copies is given up for it. A thread that is full is not late by much: its
 * clients wait in line before it, where no lag of the event loop shows. So copies go as soon as there is too little idle
 * time left for clients, as many as it takes: the share moves by steps, because all or none would swing between both.
 */
export class ThreadLoad {
  readonly #limit: () => number
  readonly #timer: NodeJS.Timeout
  #before = performance.eventLoopUtilization()
  #busy = 0
  #share = 0

  /** `limit`: busy share of the time, 0..1, from which copies are given up; 1: never. Asked at each sample. */
  constructor(limit: () => number) {
    this.#limit = limit
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS)
  }

  /** Whether to give up this copy: random, so that what is left is a fair sample. */
  get givesUp(): boolean {
    return this.#share > 0 && Math.random() < this.#share
  }

  /** Share of the time in which the event loop was not idle, 0..1, averaged over some samples. */
  get busy(): number {
    return this.#busy
  }

  /** The share of the copies that is given up now, 0..1. */
  get share(): number {
    return this.#share
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #sample(): void {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#before)
    this.#before = now
    this.#busy += NEW_SAMPLE_WEIGHT * (utilization - this.#busy)
    const limit = this.#limit()
    // The last sample has to say the same as the average: one that lags behind would step on and on.
    if (limit >= 1 || Math.max(this.#busy, utilization) < limit - CALM_BELOW) this.#step(-STEP_DOWN)
    else if (Math.min(this.#busy, utilization) > limit) this.#step(STEP_UP)
  }

  #step(by: number): void {
    this.#share = Math.min(1, Math.max(0, this.#share + by))
  }
}
