import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { BodyListener, Downstream } from './downstream.ts'

/** An HTTP/1.1 client on node:http. */
export class H1Downstream implements Downstream {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #late: (() => void) | null = null
  readonly address: string
  readonly hasBody: boolean
  closeAfterAnswer = false

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
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
    if (this.#late === null || this.#response.writableEnded) return false
    this.#late()
    return true
  }

  onDrain(drained: () => void): void {
    this.#response.on('drain', drained)
  }

  informational(status: number, headers: IncomingHttpHeaders): void {
    const link = headers.link
    if (status !== 103 || link === undefined) return
    try {
      this.#response.writeEarlyHints({ link })
    } catch {
      // Node throws on links it cannot parse, lists among them. A hint may be left out; the answer behind it may not.
    }
  }

  flushHead(): void {
    this.#response.flushHeaders()
  }

  writeHead(status: number, reason: string, headers: string[]): void {
    if (this.closeAfterAnswer) headers.push('connection', 'close')
    this.#response.writeHead(status, reason, headers)
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
    this.#response.end()
  }

  abort(): void {
    const { socket } = this.#request
    // Without chunks the end of the connection can be the end of the answer: then only a reset says that it is broken.
    if (this.httpVersion === '1.1' || this.secure) socket.destroy()
    else socket.resetAndDestroy()
  }
}
