import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Attendant, BodyListener, Downstream } from './downstream.ts'
import { closeLingering, readRest } from './linger.ts'

/** What is left of a refused request is read, and the connection used again, when it is not longer than this. */
const SHORT_BODY_BYTES = 1024 * 1024

/** What every reader takes for a reason phrase. */
const PHRASE = /^[\t\x20-\x7e]*$/

/** An answer up to this size goes out as one string with its head: one write of the kernel without a list of pieces. */
const ONE_WRITE_BYTES = 16 * 1024

/** The connection that an answer goes out on. */
export interface AnswerOwner {
  /** What clients are told about how long it stays open: `timeout=75`. */
  readonly keepAlive: string
  /** The answer is whole; the socket may still hold some of it. */
  onAnswerEnded(): void
  /** The last byte of the answer was handed to the kernel, or the connection is gone. */
  onAnswerClosed(client: H1Downstream): void
}

/** An HTTP/1.1 client on node:http. */
export class H1Downstream implements Downstream {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #owner: AnswerOwner
  #attendant: Attendant | null = null
  /** Declared and not written yet, while nothing of the body is; -1: something is, or nobody knows how long it is. */
  #bodyBytes = -1
  /** The whole body: it waits for `end`, in the same turn, so that it leaves in one write with the head. */
  #whole: Buffer | null = null
  /** It sent `Expect: 100-continue`, and nobody has told it to go on. */
  #waitsForContinue: boolean
  #saidClose = false
  #waitsForDrain = false
  readonly address: string
  readonly hasBody: boolean
  closeAfterAnswer = false

  /** `waitsForContinue`: the body comes once `readBody` has asked for it. */
  constructor(request: IncomingMessage, response: ServerResponse, owner: AnswerOwner, waitsForContinue: boolean) {
    this.#request = request
    this.#response = response
    this.#owner = owner
    this.#waitsForContinue = waitsForContinue
    this.address = request.socket.remoteAddress ?? ''
    const length = request.headers['content-length']
    this.hasBody = request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
    // The response's close, not the request's: the latter also fires after a complete upload (see libraries' notes).
    response.on('close', () => this.#closed())
    response.on('error', ignore)
  }

  get method(): string {
    return this.#request.method as string
  }

  get target(): string {
    return this.#request.url as string
  }

  get httpVersion(): string {
    return this.#request.httpVersion
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders
  }

  get secure(): boolean {
    return (this.#request.socket as TLSSocket).encrypted
  }

  get headWritten(): boolean {
    return this.#response.headersSent
  }

  get statusWritten(): number {
    return this.#response.headersSent ? this.#response.statusCode : 0
  }

  readBody(listener: BodyListener): void {
    if (this.#waitsForContinue) {
      this.#waitsForContinue = false
      this.#response.writeContinue()
    }
    this.#request.on('data', (chunk: Buffer) => listener.onBodyChunk(chunk))
    this.#request.on('end', () => listener.onBodyEnd())
    // A broken upload also closes the response, which `onGone` reports; without a listener it would end the process.
    this.#request.on('error', ignore)
  }

  pauseBody(): void {
    this.#request.pause()
  }

  resumeBody(): void {
    this.#request.resume()
  }

  attend(attendant: Attendant): void {
    this.#attendant = attendant
  }

  #closed(): void {
    this.#owner.onAnswerClosed(this)
    if (!this.#response.writableFinished) this.#attendant?.onClientGone()
  }

  /** For the listener: the body takes too long. false: nobody waits for it. */
  bodyLate(): boolean {
    if (this.#attendant === null || !this.hasBody || this.#request.complete || this.#response.writableEnded)
      return false
    this.#attendant.onBodyLate()
    return true
  }

  /** For the listener: no further request is taken on this connection, though the head may say otherwise by now. */
  closeBehindAnswer(): void {
    const { socket } = this.#request
    this.closeAfterAnswer = true
    if (this.#response.writableEnded) socket.destroy()
    else this.#response.on('close', () => socket.destroySoon())
  }

  /** For the listener: the body is still arriving. */
  get receiving(): boolean {
    return !this.#request.complete
  }

  /** For the listener: the bytes of the connection are no HTTP. false: not within a body that somebody waits for. */
  bodyMalformed(detail: string): boolean {
    if (this.#attendant === null || !this.hasBody || this.#request.complete || this.#response.writableEnded)
      return false
    this.#attendant.onBodyMalformed(detail)
    return true
  }

  informational(status: number, headers: string[]): void {
    if (this.httpVersion !== '1.1' || this.headWritten) return
    try {
      this.#response.writeInformation(status, headers)
    } catch {
      // Node before 24.18 has no such method. A hint may be left out; the answer behind it may not.
    }
  }

  flushHead(): void {
    this.#response.flushHeaders()
  }

  writeHead(status: number, reason: string, headers: string[], bodyBytes: number | null): void {
    if (this.#leavesRest(status)) this.closeAfterAnswer = true
    const fields = status === 204 ? withoutLength(headers) : headers
    if (this.closeAfterAnswer) fields.push('connection', 'close')
    else if (this.#response.shouldKeepAlive && this.httpVersion === '1.1')
      fields.push('keep-alive', this.#owner.keepAlive)
    this.#response.writeHead(status, PHRASE.test(reason) ? reason : (STATUS_CODES[status] ?? ''), fields)
    this.#saidClose = this.closeAfterAnswer
    if (bodyBytes !== null && bodyBytes <= ONE_WRITE_BYTES) this.#bodyBytes = bodyBytes
  }

  /** The request is refused before it is whole, and its rest is not known to be short. */
  #leavesRest(status: number): boolean {
    if (!this.hasBody || this.#request.complete) return false
    // Such a client may send the body or leave it out: what comes next cannot be told apart.
    if (this.#waitsForContinue) return true
    return status >= 300 && !(Number(this.headers['content-length']) <= SHORT_BODY_BYTES)
  }

  write(chunk: Buffer, written?: () => void): boolean {
    if (chunk.length === this.#bodyBytes && written === undefined) {
      this.#bodyBytes = -1
      this.#whole = chunk
      return true
    }
    this.#bodyBytes = -1
    if (this.#response.write(chunk, written)) return true
    if (!this.#waitsForDrain) {
      this.#waitsForDrain = true
      this.#response.once('drain', () => {
        this.#waitsForDrain = false
        this.#attendant?.onClientDrained()
      })
    }
    return false
  }

  end(trailers: readonly string[]): void {
    if (trailers.length > 0) {
      const pairs: [string, string][] = []
      for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i] as string, trailers[i + 1] as string])
      this.#response.addTrailers(pairs)
    }
    if (!this.#request.complete && (this.hasBody || this.closeAfterAnswer))
      readRest(this.#request, this.closeAfterAnswer)
    if (this.closeAfterAnswer && !this.#saidClose) {
      this.#response.once('finish', () => closeLingering(this.#request.socket))
    }
    if (this.#whole === null) this.#response.end()
    else this.#response.end(this.#whole.toString('latin1'), 'latin1')
    this.#owner.onAnswerEnded()
  }

  abort(): void {
    const { socket } = this.#request
    // What has come is handed on: node:http holds this turn's writes back until its end.
    while (socket.writableCorked > 0) socket.uncork()
    // Before HTTP/1.1 the end of the connection can be that of the answer: only a reset says that it is broken. A client
    // that does not read gets one as well, or the kernel would keep its bytes for minutes.
    if (this.secure || (this.httpVersion === '1.1' && socket.writableLength === 0)) socket.destroy()
    else socket.resetAndDestroy()
  }
}

/** A broken connection also closes the response, which says it; without a listener it would end the process. */
function ignore(): void {}

/** RFC 9110 §8.6: a 204 has none, and some servers send it nevertheless. */
function withoutLength(headers: readonly string[]): string[] {
  return headers.filter((_, i) => headers[i - (i % 2)]?.toLowerCase() !== 'content-length')
}
