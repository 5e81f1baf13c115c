/** As much as one read of a connection brings. */
export const SLAB_BYTES = 64 * 1024
/** A smaller piece gets memory of its own: at least half of a slab is in use. */
export const LEAST_BYTES = SLAB_BYTES / 2
/** Free slabs that are kept: 8 MiB a thread. More are under way only while many clients read large answers slowly. */
const SLABS_KEPT = 128

/**
 * Memory for pieces of large bodies on their way through, used again and again. A buffer of its own for each piece is
 * quickly made, but V8 has to collect it: measured with 0.8 GB of answers, its helper threads took half as much processor
 * time as the thread that relayed them.
 */
export class RelayMemory {
  readonly #free: Buffer[] = []

  /** A copy of `view`, to be given back when nobody reads it any more; null: the piece is not worth a slab. */
  copy(view: Buffer): Buffer | null {
    if (view.length < LEAST_BYTES || view.length > SLAB_BYTES) return null
    const slab = this.take()
    view.copy(slab)
    return slab.subarray(0, view.length)
  }

  /** SLAB_BYTES with anything in them, to be given back. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES)
  }

  /** Whoever has it must not use it after this. One that is never given back is collected like any other buffer. */
  giveBack(copy: Buffer): void {
    if (this.#free.length < SLABS_KEPT) this.#free.push(Buffer.from(copy.buffer))
  }
}
