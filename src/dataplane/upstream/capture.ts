import type { Capture } from '../../wire/pair-frame.ts'
import { ChunkList } from '../chunk-list.ts'
import { LEAST_BYTES, SLAB_BYTES, type RelayMemory } from '../relay-memory.ts'
import type { CopyMemory } from '../shadow/copy-memory.ts'

const NO_SLABS: readonly Buffer[] = []

/** Keeps a copy of a body up to a limit and as long as there is memory for it; beyond, keeps nothing but the fact. */
export class BodyCapture {
  readonly #limitBytes: number
  readonly #memory: CopyMemory
  readonly #chunks = new ChunkList()
  #state: Capture = 'complete'
  /** Who lent the memory that copies are in. */
  #lender: RelayMemory | null = null
  /** Full but for the last one, of which `#used` bytes are. */
  #slabs = NO_SLABS
  #used = SLAB_BYTES

  /** `limitBytes` 0: nobody wants the body. */
  constructor(limitBytes: number, memory: CopyMemory) {
    this.#limitBytes = limitBytes
    this.#memory = memory
  }

  /** Somebody wants the body, if there is room for it. */
  get wanted(): boolean {
    return this.#limitBytes > 0
  }

  get state(): Capture {
    return this.#state
  }

  /** A further chunk of this size is kept, if there is memory for it. */
  takes(bytes: number): boolean {
    return this.#state === 'complete' && this.#chunks.bytes + bytes <= this.#limitBytes
  }

  add(chunk: Buffer): void {
    if (this.#state !== 'complete' || chunk.length === 0) return
    if (this.#chunks.bytes + chunk.length > this.#limitBytes) this.#giveUp('over_limit')
    else if (this.#memory.take(chunk.length)) this.#chunks.add(chunk)
    else this.#giveUp('let_go')
  }

  /**
   * Of bytes that are not the caller's to keep: they are copied, if there is still a use for them. Large ones into memory
   * that is used again: V8 collected everything, 4.6 ms at a time, to be rid of buffers of endless answers.
   */
  addCopy(view: Buffer, memory: RelayMemory): void {
    if (!this.takes(view.length)) {
      this.add(view) // gives up, and keeps nothing
      return
    }
    if (this.#lender === null && this.#chunks.bytes + view.length < LEAST_BYTES) {
      this.add(Buffer.from(view))
      return
    }
    this.#lender = memory
    for (let at = 0; at < view.length && this.#state === 'complete'; ) at += this.#copyFrom(view, at, memory)
  }

  /** Returns how much of it the last slab had room for. */
  #copyFrom(view: Buffer, at: number, memory: RelayMemory): number {
    if (this.#used === SLAB_BYTES) {
      this.#used = 0
      this.#slabs = [...this.#slabs, memory.take()]
    }
    const slab = this.#slabs.at(-1) as Buffer
    const bytes = view.copy(slab, this.#used, at)
    this.add(slab.subarray(this.#used, this.#used + bytes))
    this.#used += bytes
    return bytes
  }

  /** Everything so far, until it is let go; one chunk is given as it is, without a copy. */
  body(): Buffer {
    return this.#chunks.whole()
  }

  /** The same in the pieces in which it came. */
  list(): ChunkList {
    return this.#chunks
  }

  /** It will be larger than the limit: its head says so. */
  overflow(): void {
    this.#giveUp('over_limit')
  }

  /** Nobody wants it any more. */
  release(): void {
    this.#giveUp('let_go')
  }

  #giveUp(state: Capture): void {
    this.#memory.give(this.#chunks.bytes)
    this.#chunks.clear()
    this.#state = state
    for (const slab of this.#slabs) this.#lender?.giveBack(slab)
    this.#slabs = NO_SLABS
  }
}
