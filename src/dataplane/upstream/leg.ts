import type { Readable } from 'node:stream'
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Clock } from '../../clock.ts'
import { ERRORS, type ErrorCode } from '../../errors.ts'
import type { DeadlineWheel, WheelEntry } from '../deadline-wheel.ts'
import type { BodyCapture } from './capture.ts'
import { legErrorCode } from './leg-error.ts'
import type { Endpoint, LegVerdict } from './endpoint.ts'
import type { Upstream } from './upstream.ts'

export type LegController = Dispatcher.DispatchController

/** What is sent; `headers` is a flat list with the Host in it. */
export interface LegRequest {
  readonly method: string
  readonly path: string
  readonly headers: string[]
  readonly body: Buffer | Readable | null
}

export interface LegDeadlines {
  readonly firstByteMs: number
  readonly betweenBytesMs: number
  readonly totalMs: number
}

/**
 * One upstream call of an exchange, as a raw undici handler. States:
 *   idle     made, nothing sent
 *   running  dispatched; deadlines are armed
 *   ended    exactly once: a whole answer (`error` null) or a failure. Whatever undici says afterwards is ignored.
 * undici may call back synchronously inside `dispatch`, and with a null controller.
 */
export abstract class Leg implements WheelEntry {
  readonly upstream: Upstream
  readonly endpoint: Endpoint
  readonly capture: BodyCapture
  status = 0
  contentType = ''
  contentEncoding = ''
  bytes = 0
  error: ErrorCode | null = null
  /** Microseconds since the epoch; 0 while it has not happened. */
  startedAtUs = 0
  headAtUs = 0
  endedAtUs = 0
  /** Read by the pool's client: refused before undici had a controller for it. */
  refused = false
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN

  protected controller: LegController | null = null
  readonly #clock: Clock
  readonly #wheel: DeadlineWheel
  readonly #deadlines: LegDeadlines
  #state: 'idle' | 'running' | 'ended' = 'idle'
  #startedMs = 0
  #activeMs = 0
  /** false while a body is still arriving: the model server cannot owe an answer yet. */
  #sent = true
  /** Counted among the endpoint's uploads. */
  #uploading = false
  /** A live stream: `totalMs` does not end it. */
  #stream = false

  constructor(
    clock: Clock,
    wheel: DeadlineWheel,
    upstream: Upstream,
    endpoint: Endpoint,
    deadlines: LegDeadlines,
    capture: BodyCapture,
  ) {
    this.#clock = clock
    this.#wheel = wheel
    this.#deadlines = deadlines
    this.upstream = upstream
    this.endpoint = endpoint
    this.capture = capture
  }

  get ended(): boolean {
    return this.#state === 'ended'
  }

  get latencyUs(): number {
    return this.endedAtUs - this.startedAtUs
  }

  get ttfbUs(): number {
    return this.headAtUs === 0 ? 0 : this.headAtUs - this.startedAtUs
  }

  start(request: LegRequest): void {
    this.#state = 'running'
    this.startedAtUs = this.#clock.nowUs()
    this.#startedMs = performance.now()
    this.endpoint.started(this.#startedMs)
    this.#activeMs = this.#startedMs
    this.#sent = request.body === null || Buffer.isBuffer(request.body)
    this.#uploading = !this.#sent
    if (this.#uploading) this.endpoint.uploads++
    this.#wheel.arm(this, this.#dueMs() - this.#startedMs)
    this.endpoint.pool.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: request.body,
        // Without this a HEAD makes undici close the connection behind it.
        reset: false,
        servername: this.endpoint.servername,
      } as Dispatcher.DispatchOptions,
      this,
    )
  }

  /** Ends the leg for a reason of ours and lets go of its connection. */
  fail(code: ErrorCode, detail: string): void {
    if (this.#state === 'ended') return
    this.finish(code, detail)
    this.controller?.abort(new Error(detail))
  }

  onRequestStart(controller: LegController): void {
    this.controller = controller
    if (this.#state === 'ended') controller.abort(new Error('the leg has already ended'))
  }

  onRequestSent(): void {
    if (this.#sent || this.#state === 'ended') return
    this.#sent = true
    this.#uploaded()
    this.#activeMs = performance.now()
    this.#wheel.arm(this, this.#dueMs() - this.#activeMs)
  }

  onResponseStart(controller: LegController, status: number, headers: IncomingHttpHeaders, reason?: string): void {
    if (this.#state === 'ended') return
    this.#activeMs = performance.now()
    const broken = brokenHead(status, headers)
    if (broken !== null) {
      this.fail('UPSTREAM_PROTOCOL', broken)
      return
    }
    if (status < 200) {
      this.onInformational(status, controller)
      return
    }
    this.status = status
    this.headAtUs = this.#clock.nowUs()
    this.contentType = oneLine(headers['content-type'])
    this.contentEncoding = oneLine(headers['content-encoding'])
    this.#sent = true
    this.#stream = this.isStream(headers)
    this.#wheel.arm(this, this.#dueMs() - this.#activeMs)
    this.onHead(controller, headers, reason ?? '')
  }

  onResponseData(controller: LegController, chunk: Buffer): void {
    if (this.#state === 'ended') return
    this.#activeMs = performance.now()
    this.bytes += chunk.length
    this.capture.add(chunk)
    this.onChunk(controller, chunk)
  }

  onResponseEnd(_controller: LegController, trailers: IncomingHttpHeaders): void {
    if (this.#state !== 'ended') this.finish(null, '', trailers)
  }

  onResponseError(controller: LegController | null, error: Error): void {
    if (controller === null) this.refused = true
    if (this.#state !== 'ended') this.finish(legErrorCode(error), error.message)
  }

  /** Called by the wheel: finds out which deadline has passed, or when the next one will. */
  onDeadline(nowMs: number): void {
    const dueMs = this.#dueMs()
    if (nowMs < dueMs) this.#wheel.arm(this, dueMs - nowMs)
    else this.onTimeout(this.headAtUs === 0 ? 'no answer' : 'no complete answer', Math.round(nowMs - this.#startedMs))
  }

  /** A deadline passed; the leg still runs. */
  protected onTimeout(what: string, afterMs: number): void {
    this.fail('UPSTREAM_TIMEOUT', `${what} from ${this.upstream.plan.name} after ${afterMs} ms`)
  }

  /** Ends the leg. The subclass hears of it once. */
  protected finish(error: ErrorCode | null, detail: string, trailers: IncomingHttpHeaders | null = null): void {
    const running = this.#state === 'running'
    this.#state = 'ended'
    this.error = error
    this.endedAtUs = this.#clock.nowUs()
    this.#wheel.disarm(this)
    this.#uploaded()
    // Freed before anyone hears of it: a second attempt may need just this connection, and goes before those in line.
    if (running) this.endpoint.ended(this.#verdict(), performance.now())
    this.onEnded(detail, trailers)
    if (running) this.upstream.serveLine(this.endpoint)
  }

  /** The next deadline: `#activeMs` is when the request was sent, then when the last byte came. */
  #dueMs(): number {
    const { firstByteMs, betweenBytesMs, totalMs } = this.#deadlines
    const endMs = this.#stream ? Infinity : this.#startedMs + totalMs
    if (!this.#sent) return endMs
    return Math.min(this.#activeMs + (this.headAtUs === 0 ? firstByteMs : betweenBytesMs), endMs)
  }

  #uploaded(): void {
    if (!this.#uploading) return
    this.#uploading = false
    this.endpoint.uploads--
  }

  /** What this leg says about its endpoint. */
  #verdict(): LegVerdict {
    if (this.error === null) return this.status >= 500 ? 'bad' : 'good'
    return ERRORS[this.error].source === 'upstream' ? 'bad' : 'undecided'
  }

  /** The head says that the answer may rightly take longer than `totalMs`. */
  protected isStream(_headers: IncomingHttpHeaders): boolean {
    return false
  }

  /** Time spent waiting for the client does not count against the model server. */
  protected markActive(): void {
    this.#activeMs = performance.now()
  }

  protected abstract onInformational(status: number, controller: LegController): void
  protected abstract onHead(controller: LegController, headers: IncomingHttpHeaders, reason: string): void
  protected abstract onChunk(controller: LegController, chunk: Buffer): void
  /** `error` says how; `detail` is for logs. */
  protected abstract onEnded(detail: string, trailers: IncomingHttpHeaders | null): void
}

/** undici gives a list where a name repeats, whatever its types say; as one line it means the same (RFC 9110 §5.3). */
function oneLine(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.join(', ') ?? '')
}

/** What undici lets through and nobody may pass on: a status that is none, or a body in a coding we take no notice of. */
function brokenHead(status: number, headers: Readonly<Record<string, unknown>>): string | null {
  if (status < 100 || status === 101) return `the status ${status} is not an answer`
  const coding = headers['transfer-encoding']
  if (coding === undefined || (typeof coding === 'string' && coding.toLowerCase() === 'chunked')) return null
  return `Transfer-Encoding ${JSON.stringify(coding)} is not "chunked"`
}
