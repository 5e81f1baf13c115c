import type { DataPlane } from '../data-plane.ts'
import type { WheelEntry } from '../deadline-wheel.ts'
import { LINGER_MS } from './linger.ts'

/**
 * What a client connection waits for, and for how long:
 *   none    nothing that has an end of its own; connections on which nothing comes are swept
 *   head    of a request that has begun, or of the first one: `limits.header_wait`
 *   body    of a request under way: `limits.request` from its first byte
 *   rest    the answer came before the end of the request: what is left of it has a few seconds
 *   reader  the answer is whole for everyone but the client, who does not read its end: `limits.idle`, and again when it
 *           has read some of it meanwhile. Up to there the leg's deadlines hold
 */
export type Awaited = 'none' | 'head' | 'body' | 'rest' | 'reader'

/** What a deadline belongs to. */
export interface DeadlineListener {
  /** It has passed. */
  onDeadline(awaited: Awaited): void
}

/** The one deadline of a client connection: nearly all requests come and go without one. */
export class ClientDeadline implements WheelEntry {
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly #plane: DataPlane
  readonly #listener: DeadlineListener
  #awaited: Awaited = 'none'
  /** How many requests had begun when it was set. */
  #requests = -1
  /** performance.now() at the first byte of a request that did not come at once. */
  #startedMs = 0

  constructor(plane: DataPlane, listener: DeadlineListener) {
    this.#plane = plane
    this.#listener = listener
  }

  /** The first byte of a request is there: the connection may have been opened long before it was needed. */
  firstByte(): void {
    this.#startedMs = performance.now()
  }

  /** `requests`: how many have begun by now. @returns whether this is another deadline than the one before. */
  hold(awaited: Awaited, requests: number): boolean {
    if (awaited === this.#awaited && (awaited === 'none' || requests === this.#requests)) return false
    const nowMs = performance.now()
    // A body's time began with its head.
    const goesOn = awaited === 'body' && this.#awaited === 'head' && this.#requests === requests - 1
    if (!goesOn) this.#startedMs = nowMs
    this.#awaited = awaited
    this.#requests = requests
    if (awaited === 'none') this.#plane.wheel.disarm(this)
    else this.#plane.wheel.arm(this, this.#waitMs(awaited, nowMs), nowMs)
    return true
  }

  stop(): void {
    this.#plane.wheel.disarm(this)
  }

  onDeadline(): void {
    const awaited = this.#awaited
    this.#awaited = 'none'
    this.#listener.onDeadline(awaited)
  }

  #waitMs(awaited: Exclude<Awaited, 'none'>, nowMs: number): number {
    const { limits } = this.#plane
    switch (awaited) {
      case 'head':
        return Math.min(limits.headerWaitMs, limits.requestMs)
      case 'body':
        return limits.requestMs - (nowMs - this.#startedMs)
      case 'rest':
        return LINGER_MS
      case 'reader':
        return limits.idleMs
    }
  }
}
