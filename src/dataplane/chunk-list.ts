const NOTHING = Buffer.alloc(0)
const NO_CHUNKS: readonly Buffer[] = []
/** So many small chunks become one: a body that comes byte by byte must not cost an object for each of them. */
const RUN_CHUNKS = 256
/** A run that is longer than this is not of small chunks, and not worth a copy. */
const RUN_BYTES = 64 * 1024

/** The chunks of a body, kept until it is wanted whole. Most bodies are one chunk: only a second one makes a list. */
export class ChunkList {
  bytes = 0
  #first: Buffer | null = null
  #chunks: Buffer[] | null = null
  #runChunks = 0
  #runBytes = 0

  add(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.#first === null) {
      this.#first = chunk
      return
    }
    if (this.#chunks === null) {
      this.#chunks = [this.#first]
      this.#runChunks = 1
      this.#runBytes = this.#first.length
    }
    this.#chunks.push(chunk)
    this.#runBytes += chunk.length
    if (++this.#runChunks === RUN_CHUNKS) this.#endRun(this.#chunks)
  }

  /** What there is, in a few pieces. */
  pieces(): readonly Buffer[] {
    return this.#chunks ?? (this.#first === null ? NO_CHUNKS : [this.#first])
  }

  /** Everything in one piece; a single chunk is given as it is, without a copy. */
  whole(): Buffer {
    if (this.#chunks !== null) {
      this.#first = Buffer.concat(this.#chunks, this.bytes)
      this.#chunks = null
    }
    return this.#first ?? NOTHING
  }

  /** The first `limit` bytes, or all there are, in one piece; what is longer is not joined for it. */
  beginning(limit: number): Buffer {
    if (this.bytes <= limit) return this.whole()
    const pieces: Buffer[] = []
    let left = limit
    for (const piece of this.pieces()) {
      if (left <= 0) break
      pieces.push(piece.subarray(0, left))
      left -= piece.length
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  }

  clear(): void {
    this.bytes = 0
    this.#first = null
    this.#chunks = null
    this.#runChunks = 0
    this.#runBytes = 0
  }

  #endRun(chunks: Buffer[]): void {
    if (this.#runBytes <= RUN_BYTES) {
      const run = chunks.splice(chunks.length - RUN_CHUNKS)
      chunks.push(Buffer.concat(run, this.#runBytes))
    }
    this.#runChunks = 0
    this.#runBytes = 0
  }
}
