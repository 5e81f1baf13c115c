/** As much as one read of a connection brings. */
export const SLAB_BYTES = 64 * 1024
/** A smaller piece gets memory of its own: at least half of a slab is in use. */
export const LEAST_BYTES = SLAB_BYTES / 2
/** 64 MiB: room for what clients may leave unread (http/unread-answers.ts). */
const SLABS = 1024

/**
 * Memory for pieces of large bodies on their way through, used again and again. A buffer of its own for each piece is
 * quickly made, but V8 has to collect it: measured with 0.8 GB of answers, its helper threads took half as much processor
 * time as the thread that relayed them. All of it is one buffer, made at the start: the kernel gives its pages when they are
 * first written. Made in pieces while slow clients came, it had V8 collect everything, nine times 7 ms in ten seconds.
 */
export class RelayMemory {
  readonly #region = Buffer.allocUnsafeSlow(SLABS * SLAB_BYTES)
  /** Where those begin that were given back, the last one first: it is the most likely to be in a cache. */
  readonly #free: number[] = []
  /** How many have been in use. */
  #touched = 0

  /** Slabs of it that nobody has given back yet. */
  get inUse(): number {
    return this.#touched - this.#free.length
  }

  /** A copy of `view`, to be given back when nobody reads it any more; null: the piece is not worth a slab. */
  copy(view: Buffer): Buffer | null {
    if (view.length < LEAST_BYTES || view.length > SLAB_BYTES) return null
    const slab = this.take()
    view.copy(slab)
    return slab.subarray(0, view.length)
  }

  /** SLAB_BYTES with anything in them, to be given back. */
  take(): Buffer {
    const offset = this.#free.pop() ?? this.#nextUntouched()
    return offset === null ? Buffer.allocUnsafeSlow(SLAB_BYTES) : this.#region.subarray(offset, offset + SLAB_BYTES)
  }

  #nextUntouched(): number | null {
    return this.#touched < SLABS ? this.#touched++ * SLAB_BYTES : null
  }

  /** Once, and whoever had it must not use it after this. One that is never given back is lost. */
  giveBack(copy: Buffer): void {
    if (copy.buffer === this.#region.buffer) this.#free.push(copy.byteOffset)
  }
}
