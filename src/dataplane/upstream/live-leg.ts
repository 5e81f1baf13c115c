import type { IncomingHttpHeaders } from 'node:http'
import { liveEnded } from '../settle.ts'
import type { Exchange } from '../exchange.ts'
import { answerHeaders, answerTrailers } from '../http/answer-headers.ts'
import { answerProblem } from '../http/refuse.ts'
import type { TurnEnd } from '../http/upload.ts'
import { Leg, type LegController } from './leg.ts'
import type { Endpoint } from './endpoint.ts'
import type { Upstream } from './upstream.ts'

const EVENT_STREAM = /^text\/event-stream\s*(?:;|$)/i

/** The leg whose answer the client gets: relays it with back-pressure while capturing a copy up to a limit. */
export class LiveLeg extends Leg implements TurnEnd {
  readonly #exchange: Exchange
  #paused = false
  /** The head announced trailers, and the client can have them. */
  #trails = false
  detail = ''

  constructor(exchange: Exchange, upstream: Upstream, endpoint: Endpoint, captureBytes: number) {
    const { clock, wheel } = exchange.plane
    super(clock, wheel, upstream, endpoint, upstream.plan.timeouts, captureBytes)
    this.#exchange = exchange
    exchange.client.onDrain(() => this.#resume())
  }

  protected onInformational(status: number, headers: IncomingHttpHeaders): void {
    this.#exchange.client.informational(status, headers)
  }

  protected onHead(controller: LegController, headers: IncomingHttpHeaders, reason: string): void {
    const exchange = this.#exchange
    const raw = controller.rawHeaders as readonly Buffer[]
    this.#trails = headers.trailer !== undefined && this.#mayTrail(headers)
    if (exchange.plane.draining) exchange.client.closeAfterAnswer = true
    exchange.client.writeHead(
      this.status,
      reason,
      answerHeaders(raw, headers.connection, exchange.requestId, exchange.arm, this.#trails),
    )
    exchange.plane.turnEnds.add(this)
  }

  /** The head came alone: a client of a stream must see it before the first event, which may be far away. */
  onTurnEnd(): void {
    if (this.bytes === 0 && !this.ended) this.#exchange.client.flushHead()
  }

  /** Streams end when they end: only silence is a failure. An answer without a length may be one, whatever its type. */
  protected override isStream(headers: IncomingHttpHeaders): boolean {
    return headers['content-length'] === undefined || EVENT_STREAM.test(this.contentType)
  }

  protected onChunk(controller: LegController, chunk: Buffer): void {
    if (this.#exchange.client.write(chunk)) return
    this.#paused = true
    controller.pause()
  }

  protected onEnded(detail: string): void {
    const exchange = this.#exchange
    this.detail = detail
    if (this.error !== null && exchange.retry(this)) return
    if (this.error === null) exchange.client.end(this.#trailers())
    else if (exchange.client.headWritten) exchange.client.abort()
    else if (this.error !== 'CLIENT_GONE') answerProblem(exchange, this.error, this.#explain())
    liveEnded(exchange)
  }

  /** While the client does not read, it is the client's time that passes, not the model server's. */
  protected override onTimeout(what: string, afterMs: number): void {
    if (this.#paused) this.fail('CLIENT_GONE', `the client stopped reading for ${afterMs} ms`)
    else super.onTimeout(what, afterMs)
  }

  #resume(): void {
    if (!this.#paused || this.ended) return
    this.#paused = false
    this.markActive()
    this.controller?.resume()
  }

  /** Only a chunked answer with a body can have trailers, and only HTTP/1.1 clients can read it. */
  #mayTrail(headers: IncomingHttpHeaders): boolean {
    const { client } = this.#exchange
    return client.httpVersion === '1.1' && client.method !== 'HEAD' && headers['transfer-encoding'] === 'chunked'
  }

  #trailers(): string[] {
    const raw = this.#trails ? (this.controller?.rawTrailers ?? null) : null
    return Array.isArray(raw) ? answerTrailers(raw) : []
  }

  /** For the client: which upstream, not its address. */
  #explain(): string {
    const name = this.upstream.plan.name
    switch (this.error) {
      case 'UPSTREAM_CONNECT':
        return `cannot connect to upstream ${name}`
      case 'UPSTREAM_RESET':
        return `upstream ${name} closed the connection before its answer was complete`
      case 'UPSTREAM_PROTOCOL':
        return `upstream ${name} sent an answer that is not valid HTTP`
      case 'UPSTREAM_TLS':
        return `the TLS handshake with upstream ${name} failed`
      case 'UPSTREAM_TIMEOUT':
      case 'BODY_TOO_LARGE':
      case 'REQUEST_TIMEOUT':
        return this.detail
      default:
        return 'the request could not be forwarded'
    }
  }
}
