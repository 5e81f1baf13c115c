/** What shadows may make a thread read, bytes per second: about a tenth of a core, and far above any stream of predictions. */
const BYTES_PER_MS = (128 * 1024 * 1024) / 1_000
/** What may come at once after a quiet time. */
const BURST_BYTES = 32 * 1024 * 1024

/** A chunk takes as long as so many bytes, however short it is: 1.7 us, and so does an interim answer. */
const PIECE_BYTES = 2 * 1024

/**
 * Bounds the work that shadows' answers make: endless or huge ones cost the thread time that its clients need. It never
 * cuts an answer; while it is used up, no new copies are sent.
 */
export class AnswerBudget {
  #leftBytes = BURST_BYTES
  #filledMs = 0

  /** A piece of an answer, of so many bytes. */
  take(bytes: number): void {
    this.#leftBytes -= bytes + PIECE_BYTES
  }

  /** `nowMs`: performance.now(). */
  usedUp(nowMs: number): boolean {
    this.#leftBytes = Math.min(BURST_BYTES, this.#leftBytes + (nowMs - this.#filledMs) * BYTES_PER_MS)
    this.#filledMs = nowMs
    return this.#leftBytes < 0
  }
}
