/** Largest sum of all copies one thread holds; what a shadow may cost is bounded, whatever its limits allow. */
const LIMIT_BYTES = 32 * 1024 * 1024

/**
 * What the copies under way hold on one thread: request bodies until their last shadow is settled, and the answers that are
 * captured for comparison. Nobody waits for it: what does not fit is given up, newest first, and counted.
 */
export class CopyMemory {
  readonly #limitBytes: number
  #heldBytes = 0

  constructor(limitBytes = LIMIT_BYTES) {
    this.#limitBytes = limitBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** false: there is no room, and nothing was taken. */
  take(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#limitBytes) return false
    this.#heldBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#heldBytes -= bytes
  }
}
