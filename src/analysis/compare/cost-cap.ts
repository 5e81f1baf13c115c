/** Reading the clock costs more than a step of a comparison: it is read once in so many. */
const STEPS_PER_LOOK = 4096

/** A comparison took longer than its time, or would; the pair is incomparable, `too_large`. */
export class CostExceeded extends Error {
  override readonly name = 'CostExceeded'
}

/** The time one pair may take, from the making of this on. Long loops spend their steps here; small pairs never look. */
export class CostCap {
  readonly #limitMs: number
  readonly #now: () => number
  readonly #endsAtMs: number
  #steps = 0

  constructor(limitMs: number, now: () => number = () => performance.now()) {
    this.#limitMs = limitMs
    this.#now = now
    this.#endsAtMs = now() + limitMs
  }

  /** @throws CostExceeded when the time is over */
  spend(steps: number): void {
    this.#steps += steps
    if (this.#steps < STEPS_PER_LOOK) return
    this.#steps = 0
    this.look()
  }

  /** @throws CostExceeded when the time is over */
  look(): void {
    if (this.#now() > this.#endsAtMs) throw new CostExceeded(`comparing the pair took longer than ${this.#limitMs} ms`)
  }
}
