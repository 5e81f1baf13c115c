/**
 * New connections to one shadow, per second and thread. A shadow that keeps its connections needs a few when it starts; one
 * that resets or closes them needs one for each copy, which costs a thread several times the work of the copy itself
 * (measured: at 5 500 copies a second that were all reset, the primary's p50 went from 0.4 to 378 ms).
 */
const PER_SECOND = 500
/** What may be opened at once after a quiet time: more than `max_in_flight` lets be used by default. */
const BURST = 128
/**
 * What a connection costs behind one that was lost with its copy, or cut because the answer is too long to compare; each copy
 * that ends well makes it one cheaper. So fifty of a second can end badly: each is 0.12 ms of work with its error and its pair
 * (measured), and a MiB read for nothing where it is cut. Five hundred were the one request in a hundred that had to wait,
 * and a price that is asked only at the loss lets dozens go their way first.
 */
const DEAR = 10
/**
 * Each further one that is lost in a row makes it one dearer, up to this: five a second. A shadow of which nothing comes back
 * but losses has said what there is to know, and five a second are enough to hear when that changes. With fifty answers of
 * 10 MiB, cut at their heads, the p99 of the clients was 1.08 times what it is without a shadow (1 911 requests/s on two cores),
 * with ten 1.05, and with ten endless ones 1.06 (3 185/s).
 */
const DEAREST = 100

/** Paces the connections that copies open. Copies on connections that are there already do not count. */
export class ConnectionPace {
  #left = BURST
  #filledMs = 0
  #price = 1

  /** A copy has ended and its connection is gone, not because the shadow closed it behind a whole answer. */
  lost(): void {
    this.#price = Math.min(DEAREST, Math.max(DEAR, this.#price + 1))
  }

  /** A copy has its answer. */
  kept(): void {
    this.#price = Math.max(1, Math.min(DEAR, this.#price) - 1)
  }

  /** Whether one more may be opened now, performance.now() milliseconds; true takes it. */
  allows(nowMs: number): boolean {
    this.#left = Math.min(BURST, this.#left + ((nowMs - this.#filledMs) * PER_SECOND) / 1000)
    this.#filledMs = nowMs
    if (this.#left < this.#price) return false
    this.#left -= this.#price
    return true
  }
}
