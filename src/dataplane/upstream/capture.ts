import type { Capture } from '../../wire/pair-frame.ts'

const NOTHING = Buffer.alloc(0)

/** Keeps a copy of a body up to a limit; over it, keeps nothing but the fact. */
export class BodyCapture {
  readonly #limitBytes: number
  #chunks: Buffer[] = []
  #bytes = 0
  #over = false

  /** `limitBytes` 0: nobody wants the body. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get over(): boolean {
    return this.#over
  }

  get state(): Capture {
    return this.#over ? 'over_limit' : 'complete'
  }

  add(chunk: Buffer): void {
    if (this.#over) return
    if (this.#bytes + chunk.length > this.#limitBytes) {
      this.#over = true
      this.#chunks = []
      return
    }
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
  }

  /** Everything so far; one chunk is given as it is, without a copy. */
  body(): Buffer {
    if (this.#chunks.length === 0) return NOTHING
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)]
    return this.#chunks[0] as Buffer
  }
}
