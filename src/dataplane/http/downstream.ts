import type { IncomingHttpHeaders } from 'node:http'

/** What a client asks for, before any body: also where the connection leaves HTTP by an upgrade. */
export interface ClientHead {
  readonly method: string
  /** As the client wrote it: origin form, absolute form or `*`. */
  readonly target: string
  readonly httpVersion: string
  readonly headers: IncomingHttpHeaders
  /** Flat name, value list in the order, case and number the client sent. */
  readonly rawHeaders: readonly string[]
  /** The peer's address without port. */
  readonly address: string
  readonly secure: boolean
}

/**
 * The client's side of an exchange, whatever protocol it speaks. The phases see only this; HTTP/1.1 is the one
 * implementation so far (h1-downstream.ts).
 */
export interface Downstream extends ClientHead {
  /** The framing announces a body (of any length, also 0 bytes when chunked). */
  readonly hasBody: boolean
  /** The answer must be the last one on this connection: its framing is in doubt, or the process is to end. */
  closeAfterAnswer: boolean
  readonly headWritten: boolean
  /** The status the client got; 0 before that. */
  readonly statusWritten: number

  /** Starts the body: chunks and its end go to the listener, perhaps within this very call's tick. */
  readBody(listener: BodyListener): void
  pauseBody(): void
  resumeBody(): void

  /** Says who hears of the client from now on. */
  attend(attendant: Attendant): void

  /** A 1xx before the head; `headers`: flat name, value list. */
  informational(status: number, headers: string[]): void
  /**
   * Kept back until the first `write`, so that both leave in one packet; `flushHead` does not wait for that. `bodyBytes`: the
   * declared length, null where there is none.
   */
  writeHead(status: number, reason: string, headers: string[], bodyBytes: number | null): void
  flushHead(): void
  /**
   * false: the socket is full, wait for `onClientDrained`. `written` is called when nobody reads the chunk any more: the
   * kernel has it, or the client is gone.
   */
  write(chunk: Buffer, written?: () => void): boolean
  /**
   * After `write` said false: asks whether the rest of the answer, `bytes` with what was just written, may be kept in memory.
   * true: it is, also when asked again, and may be written whatever `write` says, until `onClientDrained`.
   */
  keepUnread(bytes: number): boolean
  /** `trailers`: flat name, value list; only behind a chunked head. */
  end(trailers: readonly string[]): void
  /** Cuts the connection, so that the client can tell a broken answer from a whole one. */
  abort(): void
}

/** Who serves the client of an exchange. */
export interface Attendant {
  /** The client is gone, or given up, before the answer was completely handed to the socket; `detail` says which. */
  onClientGone(detail: string): void
  /** The socket can take more after `write` said false. */
  onClientDrained(): void
  /** The body has not arrived within `limits.request`. */
  onBodyLate(): void
  /** The body turned out not to be HTTP; `detail` says why. */
  onBodyMalformed(detail: string): void
  /** The process ends. */
  onShutdown(): void
}

export interface BodyListener {
  /** `chunk` is a view of a buffer that is read into again: whoever keeps it copies it. */
  onBodyChunk(chunk: Buffer): void
  onBodyEnd(): void
  /** All that has come is handed on, and it is not the whole body. */
  onReadEnd(): void
}
