import type { Arrivals } from '../../wire/arrivals.ts'

/** Answers whose events are timed, by their content type. */
const TIMED = /^(?:text\/event-stream|application\/x-ndjson)\s*(?:;|$)/i
/** Most answers of a few tokens fit. */
const FIRST_POINTS = 64
/** 32 KiB; a read of the socket makes one point, so this is more than 4096 tokens of a fast model. */
const POINTS_LIMIT = 4096
const U32_MAX = 0xffff_ffff

/** Whether it is worth knowing when the pieces of an answer of this type come. */
export function isTimedStream(contentType: string): boolean {
  return TIMED.test(contentType)
}

/** Notes when the pieces of one streamed answer come. Nothing of them is looked at: that is the analysis thread's part. */
export class ArrivalLog implements Arrivals {
  missed = 0
  heldUs = 0
  readonly #startedMs: number
  #numbers = new Uint32Array(2 * FIRST_POINTS)
  #used = 0

  /** `startedMs`: performance.now() at the dispatch of the request. */
  constructor(startedMs: number) {
    this.#startedMs = startedMs
  }

  get points(): Uint32Array {
    return this.#numbers.subarray(0, this.#used)
  }

  /** A piece has come, and with it `bytes` of the body in all. `nowMs`: performance.now() when it was read. */
  add(bytes: number, nowMs: number): void {
    const us = microseconds(nowMs - this.#startedMs)
    // Pieces of one read are one arrival.
    if (this.#used > 0 && this.#numbers[this.#used - 1] === us) {
      this.#numbers[this.#used - 2] = bytes
      return
    }
    if (this.#used === 2 * POINTS_LIMIT) {
      this.missed++
      return
    }
    if (this.#used === this.#numbers.length) this.#grow()
    this.#numbers[this.#used++] = bytes
    this.#numbers[this.#used++] = us
  }

  /** The answer was not read for so long, milliseconds, because its client did not read. */
  held(ms: number): void {
    this.heldUs = Math.min(U32_MAX, this.heldUs + microseconds(ms))
  }

  #grow(): void {
    const grown = new Uint32Array(2 * this.#numbers.length)
    grown.set(this.#numbers)
    this.#numbers = grown
  }
}

/** Clamped at 71 minutes, and at 0 for a clock that was read in another order. */
function microseconds(ms: number): number {
  return Math.min(U32_MAX, Math.max(0, Math.round(ms * 1e3)))
}
