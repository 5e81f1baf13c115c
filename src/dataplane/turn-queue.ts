/**
 * Work that can wait: each piece has a turn of the event loop of its own, so that whoever came meanwhile waits for one of them
 * at the most. To cut a client that reads nothing takes the kernel and Node half a millisecond, for what it had been sent; in
 * the turn of the answer whose memory it needs, that was the p99 of everybody else (slowhttptest -X).
 */
export class TurnQueue {
  readonly #waiting: (() => void)[] = []

  add(work: () => void): void {
    if (this.#waiting.push(work) === 1) setImmediate(this.#run)
  }

  readonly #run = (): void => {
    const work = this.#waiting.shift()
    // What an immediate sets comes behind the events of the next turn.
    if (this.#waiting.length > 0) setImmediate(this.#run)
    work?.()
  }
}
