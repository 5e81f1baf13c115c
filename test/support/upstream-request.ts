import { createHash } from 'node:crypto'
import { headerValues, type Header, type MessageHead } from './http1-message.ts'

/** Larger bodies are counted and hashed, not kept. */
const KEEP_BODY_BYTES = 1024 * 1024

export interface ReceivedBody {
  readonly bytes: number
  readonly sha256: string
  /** null when it is over 1 MiB: compare the hash. */
  readonly data: Buffer | null
  readonly trailers: readonly Header[]
}

/** The connection ended before the exchange was over. */
export class RequestGone extends Error {
  constructor(cause: unknown) {
    super('the connection ended before the exchange was over', { cause })
    this.name = 'RequestGone'
  }
}

/** A request as it came over the wire. */
export class UpstreamRequest {
  readonly method: string
  readonly target: string
  readonly version: string
  /** In wire order, with the names' case. */
  readonly headers: readonly Header[]
  /** The head's own bytes. */
  readonly headBytes: Buffer
  /** 1 for the server's first connection. */
  readonly connectionId: number
  /** 1 for the connection's first request. */
  readonly requestNumber: number
  /** `performance.now()` when its head was whole. */
  readonly arrivedAtMs: number
  /** The whole body. Rejects with RequestGone when the connection ends before. */
  readonly body: Promise<ReceivedBody>
  /** Resolves, with `performance.now()`, when the connection ends before the exchange is over. */
  readonly gone: Promise<number>
  /** `receiving` until the body is whole (`received`) or cannot become it (`aborted`). */
  bodyState: 'receiving' | 'received' | 'aborted' = 'receiving'
  bodyBytes = 0
  isGone = false
  readonly #hash = createHash('sha256')
  readonly #pause: (paused: boolean) => void
  readonly #listeners: ((piece: Buffer) => void)[] = []
  readonly #settleBody: PromiseWithResolvers<ReceivedBody>
  readonly #settleGone: PromiseWithResolvers<number>
  #pieces: Buffer[] | null = []

  constructor(
    head: MessageHead,
    line: { readonly method: string; readonly target: string; readonly version: string },
    place: { readonly connectionId: number; readonly requestNumber: number },
    pause: (paused: boolean) => void,
  ) {
    this.method = line.method
    this.target = line.target
    this.version = line.version
    this.headers = head.headers
    this.headBytes = Buffer.from(head.raw) // a copy: the view would keep the whole read buffer alive
    this.connectionId = place.connectionId
    this.requestNumber = place.requestNumber
    this.arrivedAtMs = performance.now()
    this.#pause = pause
    this.#settleBody = Promise.withResolvers<ReceivedBody>()
    this.#settleGone = Promise.withResolvers<number>()
    this.body = this.#settleBody.promise
    this.gone = this.#settleGone.promise
    this.body.catch(() => {}) // most handlers never look at it
  }

  /** The first value of a header, whatever its case. */
  header(name: string): string | undefined {
    return headerValues(this.headers, name)[0]
  }

  headerAll(name: string): string[] {
    return headerValues(this.headers, name)
  }

  /** Hears each piece of body when it arrives; call it before the handler first waits. */
  onBody(listener: (piece: Buffer) => void): void {
    this.#listeners.push(listener)
  }

  /** Stops reading from the connection: a slow server. */
  pauseBody(): void {
    this.#pause(true)
  }

  resumeBody(): void {
    this.#pause(false)
  }

  /** For the connection: a piece of body came. */
  addBody(piece: Buffer): void {
    this.bodyBytes += piece.length
    this.#hash.update(piece)
    if (this.bodyBytes > KEEP_BODY_BYTES) this.#pieces = null
    this.#pieces?.push(piece)
    for (const listener of this.#listeners) listener(piece)
  }

  /** For the connection: the body is whole. */
  endBody(trailers: readonly Header[]): void {
    this.bodyState = 'received'
    const data = this.#pieces === null ? null : Buffer.concat(this.#pieces)
    this.#pieces = null
    this.#settleBody.resolve({ bytes: this.bodyBytes, sha256: this.#hash.digest('hex'), data, trailers })
  }

  /** For the connection: it ended before the exchange was over. */
  abort(error: RequestGone): void {
    if (this.bodyState === 'receiving') this.bodyState = 'aborted'
    this.isGone = true
    this.#pieces = null
    this.#settleBody.reject(error)
    this.#settleGone.resolve(performance.now())
  }
}
