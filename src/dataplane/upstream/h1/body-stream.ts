/** More than this waits for the connection: the client is held back. */
const HELD_BYTES = 64 * 1024

/** Where the bytes of a request body go. */
export interface BodySink {
  /** false: wait for `onBodyDrained`. */
  writeBody(chunk: Buffer): boolean
  endBody(): void
}

/**
 * A request body that is still arriving, between the client's upload and the connection to the model server: the one may
 * begin before the other is open.
 */
export class BodyStream {
  readonly #drained: () => void
  #sink: BodySink | null = null
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #ended = false
  #heldBack = false

  /** `drained`: called each time more is wanted after `push` said false. */
  constructor(drained: () => void) {
    this.#drained = drained
  }

  /** false: hold the client back until `drained`. */
  push(chunk: Buffer): boolean {
    if (this.#sink !== null) this.#heldBack = !this.#sink.writeBody(chunk)
    else {
      this.#waiting.push(chunk)
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
    for (const chunk of this.#waiting) room = sink.writeBody(chunk)
    this.#waiting = []
    this.#waitingBytes = 0
    if (this.#ended) sink.endBody()
    else if (room) this.onBodyDrained()
  }

  /** For the sink: it can take more. */
  onBodyDrained(): void {
    if (!this.#heldBack) return
    this.#heldBack = false
    this.#drained()
  }
}
