/** A turn in which there was so much else to do has no room for such work, milliseconds. */
const BUSY_MS = 0.1
/** So many busy turns may pass: a proxy that always has work has no other turns. */
const BUSY_TURNS = 4

/**
 * Work that can wait: each piece has a turn of the event loop with little else in it, so that whoever came meanwhile waits for
 * one of them at the most. To cut a client that reads nothing takes the kernel and Node half a millisecond, for what it had
 * been sent; behind the answer whose memory it needs, that was the p99 of everybody else (slowhttptest -X).
 */
export class TurnQueue {
  readonly #waiting: (() => void)[] = []
  readonly #now: () => number
  /** When the last turn ended. */
  #turnEndMs = 0
  /** What may still pass before the next piece has its turn all the same. */
  #busyTurnsLeft = BUSY_TURNS

  /** `now`: milliseconds that only grow. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  add(work: () => void): void {
    if (this.#waiting.push(work) > 1) return
    // What an immediate sets comes behind the events of the next turn; it is called in this turn itself.
    setImmediate(() => this.#putOff())
  }

  #putOff(): void {
    this.#turnEndMs = this.#now()
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    if (this.#busyTurnsLeft > 0 && this.#now() - this.#turnEndMs > BUSY_MS) {
      this.#busyTurnsLeft--
      this.#putOff()
      return
    }
    this.#busyTurnsLeft = BUSY_TURNS
    const work = this.#waiting.shift()
    if (this.#waiting.length > 0) this.#putOff()
    work?.()
  }
}
