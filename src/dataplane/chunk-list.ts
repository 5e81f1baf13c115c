const NOTHING = Buffer.alloc(0)
/** So many small chunks become one: a body that comes byte by byte must not cost an object for each of them. */
const RUN_CHUNKS = 256
/** A run that is longer than this is not of small chunks, and not worth a copy. */
const RUN_BYTES = 64 * 1024

/** The chunks of a body, kept until it is wanted whole. */
export class ChunkList {
  bytes = 0
  #chunks: Buffer[] = []
  #runChunks = 0
  #runBytes = 0

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.bytes += chunk.length
    this.#runBytes += chunk.length
    if (++this.#runChunks === RUN_CHUNKS) this.#endRun()
  }

  /** What there is, in a few pieces. */
  pieces(): readonly Buffer[] {
    return this.#chunks
  }

  /** Everything in one piece; a single chunk is given as it is, without a copy. */
  whole(): Buffer {
    if (this.#chunks.length === 0) return NOTHING
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.bytes)]
    return this.#chunks[0] as Buffer
  }

  clear(): void {
    this.#chunks = []
    this.bytes = 0
    this.#runChunks = 0
    this.#runBytes = 0
  }

  #endRun(): void {
    if (this.#runBytes <= RUN_BYTES) {
      const run = this.#chunks.splice(this.#chunks.length - RUN_CHUNKS)
      this.#chunks.push(Buffer.concat(run, this.#runBytes))
    }
    this.#runChunks = 0
    this.#runBytes = 0
  }
}
