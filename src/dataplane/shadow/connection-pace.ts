/**
 * New connections to one shadow, per second and thread. A shadow that keeps its connections needs a few when it starts; one
 * that resets or closes them needs one for each copy, which costs a thread several times the work of the copy itself
 * (measured: at 5 500 copies a second that were all reset, the primary's p50 went from 0.4 to 378 ms).
 */
const PER_SECOND = 500
/** What may be opened at once after a quiet time: more than `max_in_flight` lets be used by default. */
const BURST = 128

/** Paces the connections that copies open. Copies on connections that are there already do not count. */
export class ConnectionPace {
  #left = BURST
  #filledMs = 0

  /** Whether one more may be opened now, performance.now() milliseconds; true takes it. */
  allows(nowMs: number): boolean {
    this.#left = Math.min(BURST, this.#left + ((nowMs - this.#filledMs) * PER_SECOND) / 1000)
    this.#filledMs = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
