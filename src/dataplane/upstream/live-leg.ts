import { liveEnded } from '../settle.ts'
import type { Exchange } from '../exchange.ts'
import { answerHeaders, endToEnd } from '../http/answer-headers.ts'
import { answerProblem } from '../http/refuse.ts'
import type { TurnEnd } from '../turn-ends.ts'
import type { Place } from '../linked-list.ts'
import { BodyCapture } from './capture.ts'
import type { AnswerHead } from './h1/answer-head.ts'
import { Leg } from './leg.ts'
import type { StalledLeg } from './stalled-readers.ts'
import type { Endpoint } from './endpoint.ts'
import { explainLegError } from './leg-error.ts'
import type { Upstream } from './upstream.ts'

const NO_TRAILERS: readonly string[] = []
const EVENT_STREAM = /^text\/event-stream\s*(?:;|$)/i

/** The leg whose answer the client gets: relays it with back-pressure while capturing a copy up to a limit. */
export class LiveLeg extends Leg implements TurnEnd, StalledLeg {
  readonly isAwaited = true
  readonly #exchange: Exchange
  #paused = false
  /** Declared for the body; null: nobody knows when it ends. */
  #length: number | null = null
  stalledAtMs = 0
  stalledPlace: Place<StalledLeg> | null = null
  /** The client can have trailers, if there are any. */
  #trails = false
  /** The head came with the bytes that are read now. */
  #isHeadNew = false
  detail = ''

  constructor(exchange: Exchange, upstream: Upstream, endpoint: Endpoint) {
    const { clock, wheel, copyMemory } = exchange.plane
    // Captured for the pairs: where every copy has been given up already, there will be none.
    const captureBytes = exchange.unsettled > 0 ? exchange.captureBytes : 0
    super(clock, wheel, upstream, endpoint, upstream.plan.timeouts, new BodyCapture(captureBytes, copyMemory))
    this.#exchange = exchange
  }

  protected onInformational({ status, fields, connection }: AnswerHead): void {
    this.#exchange.client.informational(status, endToEnd(fields, connection))
  }

  protected onHead(head: AnswerHead): void {
    const exchange = this.#exchange
    this.#trails = this.#mayTrail(head)
    this.#length = head.contentLength
    if (exchange.plane.draining) exchange.client.closeAfterAnswer = true
    const relayed = answerHeaders(head, exchange.requestId, exchange.arm, this.#trails)
    exchange.client.writeHead(this.status, head.reason, relayed, head.contentLength)
    this.#isHeadNew = true
  }

  override onReadEnd(): void {
    if (!this.#isHeadNew) return
    this.#isHeadNew = false
    // What is behind the head may come in this very turn.
    if (this.bytes === 0) this.#exchange.plane.turnEnds.add(this)
  }

  /** The head came alone: a client of a stream must see it before the first event, which may be far away. */
  onTurnEnd(): void {
    if (this.bytes === 0 && !this.ended) this.#exchange.client.flushHead()
  }

  /** Streams end when they end: only silence is a failure. An answer without a length may be one, whatever its type. */
  protected override isStream(head: AnswerHead): boolean {
    return head.contentLength === null || EVENT_STREAM.test(this.contentType)
  }

  protected onChunk(bytes: Buffer): void {
    if (this.#write(bytes) || this.#paused || this.#keepRest(bytes.length)) return
    this.#paused = true
    this.stalledAtMs = performance.now()
    this.upstream.stalled.add(this)
    this.pause()
  }

  /** The connection to the model server is free as soon as it has answered, not when the client has read that. */
  #keepRest(written: number): boolean {
    return this.#length !== null && this.#exchange.client.keepUnread(this.#length - this.bytes + written)
  }

  /** false: the client's socket is full. */
  #write(bytes: Buffer): boolean {
    const { client, plane } = this.#exchange
    const { relayMemory } = plane
    // What is captured is needed for longer than it takes to write it.
    const lent = this.capture.takes(bytes.length) ? null : relayMemory.copy(bytes)
    const chunk = lent ?? Buffer.from(bytes)
    this.capture.add(chunk)
    return lent === null ? client.write(chunk) : client.write(chunk, () => relayMemory.giveBack(lent))
  }

  protected onEnded(detail: string, trailers: readonly string[]): void {
    const exchange = this.#exchange
    this.detail = detail
    if (this.#paused) this.upstream.stalled.delete(this)
    if (this.error !== null && exchange.retry(this)) return
    // Its client's next request may begin within the end of this answer, and must not find this one under way.
    exchange.plane.release(exchange)
    if (this.error === null) exchange.client.end(this.#trails ? endToEnd(trailers) : NO_TRAILERS)
    else if (exchange.client.headWritten) exchange.client.abort()
    else if (this.error !== 'CLIENT_GONE')
      answerProblem(exchange, this.error, explainLegError(this.error, this.upstream.plan.name, detail))
    liveEnded(exchange)
  }

  /** While the client does not read, it is the client's time that passes, not the model server's. */
  protected override onTimeout(what: string, afterMs: number): void {
    if (this.#paused) this.fail('CLIENT_GONE', `the client had not read its answer after ${afterMs} ms`)
    else super.onTimeout(what, afterMs)
  }

  giveUp(): void {
    this.fail(
      'CLIENT_GONE',
      `the client did not read its answer, and others waited for upstream ${this.upstream.plan.name}`,
    )
  }

  onClientDrained(): void {
    if (!this.#paused || this.ended) return
    this.#paused = false
    this.upstream.stalled.delete(this)
    this.arrivals?.held(performance.now() - this.stalledAtMs)
    this.markActive()
    this.resume()
  }

  /** Only a chunked answer with a body can have trailers, and only HTTP/1.1 clients can read it. */
  #mayTrail(head: AnswerHead): boolean {
    const { client } = this.#exchange
    return head.chunked && client.httpVersion === '1.1' && client.method !== 'HEAD'
  }
}
