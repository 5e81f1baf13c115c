const LINE_FEED = 0x0a

/** A pair record is three bodies of `record.max_body` and little more; a longer line is no record, and not worth its memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

/**
 * Lines from bytes that arrive in pieces, also in pieces of characters. Holds one line at most: of one that is longer than
 * `maxBytes` nothing is kept, and `onTooLong` hears of it.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void
  readonly #onTooLong: () => void
  readonly #maxBytes: number
  #pieces: Buffer[] = []
  #bytes = 0

  constructor(onLine: (line: string) => void, onTooLong: () => void, maxBytes = MAX_LINE_BYTES) {
    this.#onLine = onLine
    this.#onTooLong = onTooLong
    this.#maxBytes = maxBytes
  }

  push(chunk: Buffer): void {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start)
      if (end === -1) return this.#keep(chunk.subarray(start))
      this.#keep(chunk.subarray(start, end))
      this.#give()
      start = end + 1
    }
  }

  /** No more bytes will come: what there is without a line feed is a line as well. */
  end(): void {
    if (this.#bytes > 0) this.#give()
  }

  #keep(piece: Buffer): void {
    this.#bytes += piece.length
    if (this.#bytes > this.#maxBytes) this.#pieces = []
    else if (piece.length > 0) this.#pieces.push(piece)
  }

  #give(): void {
    const pieces = this.#pieces
    const isTooLong = this.#bytes > this.#maxBytes
    this.#pieces = []
    this.#bytes = 0
    if (isTooLong) this.#onTooLong()
    else this.#onLine((pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)).toString('utf8'))
  }
}
