import type { Capture } from '../../wire/pair-frame.ts'
import { ChunkList } from '../chunk-list.ts'
import type { CopyMemory } from '../shadow/copy-memory.ts'

/** Keeps a copy of a body up to a limit and as long as there is memory for it; beyond, keeps nothing but the fact. */
export class BodyCapture {
  readonly #limitBytes: number
  readonly #memory: CopyMemory
  readonly #chunks = new ChunkList()
  #state: Capture = 'complete'

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

  /** Of bytes that are not the caller's to keep: they are copied, if there is still a use for them. */
  addCopy(view: Buffer): void {
    if (this.#state === 'complete') this.add(Buffer.from(view))
  }

  /** Everything so far; one chunk is given as it is, without a copy. */
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
  }
}
