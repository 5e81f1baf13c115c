/** How the peer's half of a connection stands: `closed` after a FIN, `reset` after an RST or a local destroy. */
export type InputState = 'open' | 'closed' | 'reset'

/** The input ended in the middle of what was asked for. `partial` holds the bytes that are there. */
export class EndOfInput extends Error {
  readonly state: 'closed' | 'reset'
  readonly partial: Buffer

  constructor(state: 'closed' | 'reset', partial: Buffer) {
    super(`the connection was ${state} after ${partial.length} bytes of an unfinished read`)
    this.name = 'EndOfInput'
    this.state = state
    this.partial = partial
  }
}

/**
 * Bytes that arrive in pieces, taken in the sizes a parser wants. One reader at a time: a parser that sees the same
 * bytes in one piece or in single bytes must come to the same result, so nothing here depends on the pieces.
 */
export class ByteReader {
  #chunks: Buffer[] = []
  #size = 0
  #state: InputState = 'open'
  #wake: (() => void) | null = null
  #received = 0

  /** Bytes that arrived and were not taken yet. */
  get size(): number {
    return this.#size
  }

  /** Bytes that ever arrived. */
  get received(): number {
    return this.#received
  }

  get state(): InputState {
    return this.#state
  }

  push(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#size += bytes.length
    this.#received += bytes.length
    this.#rouse()
  }

  /** The first ending stays: the close that follows a reset does not make it a clean one. */
  finish(state: 'closed' | 'reset'): void {
    if (this.#state === 'open') this.#state = state
    this.#rouse()
  }

  /** What is there, without taking it. */
  peek(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  /** Takes exactly `count` bytes that are known to be there. */
  take(count: number): Buffer {
    const bytes = this.peek()
    if (count > bytes.length) throw new RangeError(`${count} bytes asked for, ${bytes.length} are there`)
    this.#size -= count
    this.#chunks = count === bytes.length ? [] : [bytes.subarray(count)]
    return bytes.subarray(0, count)
  }

  /** Waits for something to happen, or for `timeoutMs`: look again. Throws EndOfInput when nothing can happen any more. */
  async more(timeoutMs?: number): Promise<void> {
    if (this.#state !== 'open') throw new EndOfInput(this.#state, this.peek())
    if (this.#wake !== null) throw new Error('two readers wait on one connection')
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>(resolve => {
      this.#wake = resolve
      if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs)
    })
    clearTimeout(timer)
    this.#wake = null
  }

  async readExactly(count: number): Promise<Buffer> {
    while (this.#size < count) await this.more()
    return this.take(count)
  }

  /** At least one byte, at most `limitBytes`. */
  async readSome(limitBytes: number): Promise<Buffer> {
    while (this.#size === 0) await this.more()
    return this.take(Math.min(this.#size, limitBytes))
  }

  #rouse(): void {
    this.#wake?.()
  }
}
