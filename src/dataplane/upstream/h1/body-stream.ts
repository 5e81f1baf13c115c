/** More than this waits for the connection: the client is held back. */
const HELD_BYTES = 64 * 1024

/** Called when nobody reads a chunk any more, nor those before it. */
type Written = (() => void) | undefined

/** Where the bytes of a request body go. */
export interface BodySink {
  /** false: wait for `onBodyDrained`. `written`: see `BodyStream.push`. */
  writeBody(chunk: Buffer, written: Written): boolean
  endBody(): void
}

/**
 * A request body that is still arriving, between the client's upload and the connection to the model server: the one may
 * begin before the other is open.
 */
export class BodyStream {
  readonly #drained: () => void
  #sink: BodySink | null = null
  #waiting: { readonly chunk: Buffer; readonly written: Written }[] = []
  #waitingBytes = 0
  #ended = false
  #heldBack = false

  /** `drained`: called each time more is wanted after `push` said false. */
  constructor(drained: () => void) {
    this.#drained = drained
  }

  /** More has come than the model server takes. */
  get isHeldBack(): boolean {
    return this.#heldBack
  }

  /** `written` may never be called, when the connection breaks. false: hold the client back until `drained`. */
  push(chunk: Buffer, written?: () => void): boolean {
    if (this.#sink !== null) this.#heldBack = !this.#sink.writeBody(chunk, written)
    else {
      this.#waiting.push({ chunk, written })
      this.#waitingBytes += chunk.length
      this.#heldBack = this.#waitingBytes >= HELD_BYTES
    }
    return !this.#heldBack
  }

  end(): void {
    this.#ended = true
    this.#sink?.endBody()
  }

  /** A connection takes the body from here on. */
  pipeTo(sink: BodySink): void {
    this.#sink = sink
    let room = true
    for (const { chunk, written } of this.#waiting) room = sink.writeBody(chunk, written)
    this.#waiting = []
    this.#waitingBytes = 0
    if (this.#ended) sink.endBody()
    else if (room) this.onBodyDrained()
  }

  /** No connection will take it any more. What one has taken is its own to write, or to throw away. */
  giveUp(): void {
    for (const { written } of this.#waiting) written?.()
    this.#waiting = []
  }

  /** For the sink: it can take more. */
  onBodyDrained(): void {
    if (!this.#heldBack) return
    this.#heldBack = false
    this.#drained()
  }
}
