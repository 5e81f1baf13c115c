import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { BodyListener, Downstream } from './downstream.ts'
import { closeLingering, readRest } from './linger.ts'

/** What is left of a refused request is read, and the connection used again, when it is not longer than this. */
const SHORT_BODY_BYTES = 1024 * 1024

/** What every reader takes for a reason phrase. */
const PHRASE = /^[\t\x20-\x7e]*$/

/** An HTTP/1.1 client on node:http. */
export class H1Downstream implements Downstream {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #late: (() => void) | null = null
  #malformed: ((detail: string) => void) | null = null
  /** It sent `Expect: 100-continue`, and nobody has told it to go on. */
  #waitsForContinue: boolean
  #saidClose = false
  readonly address: string
  readonly hasBody: boolean
  closeAfterAnswer = false

  /** `waitsForContinue`: the body comes once `readBody` has asked for it. */
  constructor(request: IncomingMessage, response: ServerResponse, waitsForContinue = false) {
    this.#request = request
    this.#response = response
    this.#waitsForContinue = waitsForContinue
    this.address = request.socket.remoteAddress ?? ''
    const length = request.headers['content-length']
    this.hasBody = request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
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
    this.#request.on('error', () => {})
  }

  pauseBody(): void {
    this.#request.pause()
  }

  resumeBody(): void {
    this.#request.resume()
  }

  onGone(gone: () => void): void {
    // The response's close, not the request's: the latter also fires after a complete upload (see libraries' notes).
    this.#response.on('close', () => {
      if (!this.#response.writableFinished) gone()
    })
    this.#response.on('error', () => {})
  }

  onLate(late: () => void): void {
    this.#late = late
  }

  /** For the listener: the body takes too long. false: nobody waits for it. */
  bodyLate(): boolean {
    if (this.#late === null || this.#request.complete || this.#response.writableEnded) return false
    this.#late()
    return true
  }

  /** For the listener: no further request is taken on this connection, though the head may say otherwise by now. */
  closeBehindAnswer(): void {
    const { socket } = this.#request
    this.closeAfterAnswer = true
    if (this.#response.writableEnded) socket.destroy()
    else this.#response.on('close', () => socket.destroySoon())
  }

  onMalformed(malformed: (detail: string) => void): void {
    this.#malformed = malformed
  }

  /** For the listener: the body is still arriving. */
  get receiving(): boolean {
    return !this.#request.complete
  }

  /** For the listener: the bytes of the connection are no HTTP. false: not within a body that somebody waits for. */
  bodyMalformed(detail: string): boolean {
    if (this.#malformed === null || this.#request.complete || this.#response.writableEnded) return false
    this.#malformed(detail)
    return true
  }

  onDrain(drained: () => void): void {
    this.#response.on('drain', drained)
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

  writeHead(status: number, reason: string, headers: string[]): void {
    if (this.#leavesRest(status)) this.closeAfterAnswer = true
    const fields = status === 204 ? withoutLength(headers) : headers
    if (this.closeAfterAnswer) fields.push('connection', 'close')
    this.#response.writeHead(status, PHRASE.test(reason) ? reason : (STATUS_CODES[status] ?? ''), fields)
    this.#saidClose = this.closeAfterAnswer
  }

  /** The request is refused before it is whole, and its rest is not known to be short. */
  #leavesRest(status: number): boolean {
    if (!this.hasBody || this.#request.complete) return false
    // Such a client may send the body or leave it out: what comes next cannot be told apart.
    if (this.#waitsForContinue) return true
    return status >= 300 && !(Number(this.headers['content-length']) <= SHORT_BODY_BYTES)
  }

  write(chunk: Buffer): boolean {
    return this.#response.write(chunk)
  }

  end(trailers: readonly string[]): void {
    if (trailers.length > 0) {
      const pairs: [string, string][] = []
      for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i] as string, trailers[i + 1] as string])
      this.#response.addTrailers(pairs)
    }
    if (!this.#request.complete && (this.hasBody || this.closeAfterAnswer))
      readRest(this.#request, this.closeAfterAnswer)
    this.#response.end(() => {
      if (this.closeAfterAnswer && !this.#saidClose) closeLingering(this.#request.socket)
    })
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

/** RFC 9110 §8.6: a 204 has none, and some servers send it nevertheless. */
function withoutLength(headers: readonly string[]): string[] {
  return headers.filter((_, i) => headers[i - (i % 2)]?.toLowerCase() !== 'content-length')
}
