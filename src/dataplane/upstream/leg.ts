import type { Clock } from '../../clock.ts'
import { ERRORS, type ErrorCode } from '../../errors.ts'
import type { ChunkList } from '../chunk-list.ts'
import type { DeadlineWheel, WheelEntry } from '../deadline-wheel.ts'
import { ArrivalLog, isTimedStream } from './arrival-log.ts'
import type { BodyCapture } from './capture.ts'
import type { AnswerHead } from './h1/answer-head.ts'
import { BodyStream } from './h1/body-stream.ts'
import type { Call, CallControl } from './h1/call.ts'
import { framingOf, requestHead, type Framing } from './h1/request-text.ts'
import { legErrorCode } from './leg-error.ts'
import { isRejection } from './leg-outcome.ts'
import type { Endpoint, LegVerdict } from './endpoint.ts'
import type { Upstream } from './upstream.ts'

/** What is sent; `headers` is a flat list with the Host in it and without the body's framing. */
export interface LegRequest {
  readonly method: string
  readonly path: string
  readonly headers: string[]
  readonly body: ChunkList | BodyStream | null
  /** The client's Content-Length, of a body that is still arriving; without it the body goes on in chunks. */
  readonly length: string | undefined
}

export interface LegDeadlines {
  readonly firstByteMs: number
  readonly betweenBytesMs: number
  readonly totalMs: number
}

/**
 * One upstream call of an exchange. States:
 *   idle     made, nothing sent
 *   running  on its way; deadlines are armed
 *   ended    exactly once: a whole answer (`error` null) or a failure. Whatever the connection says afterwards is ignored.
 */
export abstract class Leg implements WheelEntry, Call {
  readonly upstream: Upstream
  readonly endpoint: Endpoint
  readonly capture: BodyCapture
  status = 0
  contentType = ''
  contentEncoding = ''
  /** Bytes of JSON before the binary tensors of the answer, as its head says; 0: none. */
  headerLength = 0
  bytes = 0
  error: ErrorCode | null = null
  /** It has failed before anything of the request was sent. */
  unsent = false
  /** null: the answer is no stream, or nobody wants its body. */
  arrivals: ArrivalLog | null = null
  /** Microseconds since the epoch; 0 while it has not happened. */
  startedAtUs = 0
  headAtUs = 0
  endedAtUs = 0
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN

  abstract readonly isAwaited: boolean
  method = ''
  #control: CallControl | null = null
  readonly #clock: Clock
  readonly #wheel: DeadlineWheel
  readonly #deadlines: LegDeadlines
  #state: 'idle' | 'running' | 'ended' = 'idle'
  #startedMs = 0
  #activeMs = 0
  /** false while a body is still arriving: the model server cannot owe an answer yet. */
  #sent = true
  /** The body that is still arriving, counted among the endpoint's uploads. */
  #upload: BodyStream | null = null
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

  /** As the analysis thread sees it, without looking into the body. */
  get hasFailed(): boolean {
    return this.error !== null || this.rejects
  }

  /** The model server said that it has failed, or has too much to do. */
  get rejects(): boolean {
    return isRejection(this.status)
  }

  /** Its answer is a stream: it may go on for ever, as long as something comes. */
  get isUnbounded(): boolean {
    return this.#stream
  }

  get latencyUs(): number {
    return this.endedAtUs - this.startedAtUs
  }

  get ttfbUs(): number {
    return this.headAtUs === 0 ? 0 : this.headAtUs - this.startedAtUs
  }

  start(request: LegRequest): void {
    this.#state = 'running'
    this.#startedMs = performance.now()
    this.startedAtUs = this.#clock.toUs(this.#startedMs)
    this.endpoint.started(this.#startedMs)
    this.#activeMs = this.#startedMs
    const { method, path, headers, body, length } = request
    this.method = method
    const whole = !(body instanceof BodyStream)
    this.#sent = whole
    if (!whole) {
      this.#upload = body
      this.endpoint.uploads++
    }
    this.#wheel.arm(this, this.#dueMs() - this.#startedMs, this.#startedMs)
    const framing = whole ? framingOf(method, body) : framingOfStream(length)
    const head = requestHead(method, path, headers, framing)
    const chunked = framing.kind === 'chunked'
    this.#control = this.endpoint.connections.send(this, { head, body, chunked }, this.#startedMs)
  }

  /** Ends the leg for a reason of ours and lets go of its connection. */
  fail(code: ErrorCode, detail: string): void {
    if (this.#state === 'ended') return
    const control = this.#control
    this.finish(code, detail)
    control?.abort(this)
  }

  /** The answer is as good as whole: nobody wants the rest. */
  protected stopReading(): void {
    const control = this.#control
    this.finish(null, '')
    control?.abort(this)
  }

  onRequestSent(): void {
    if (this.#sent || this.#state === 'ended') return
    this.#sent = true
    this.#uploaded()
    this.#activeMs = performance.now()
    this.#wheel.arm(this, this.#dueMs() - this.#activeMs)
  }

  onInterim(head: AnswerHead, nowMs: number): void {
    if (this.#state === 'ended') return
    this.#activeMs = nowMs
    this.onInformational(head)
  }

  onAnswerHead(head: AnswerHead, nowMs: number): void {
    if (this.#state === 'ended') return
    this.#activeMs = nowMs
    this.status = head.status
    this.headAtUs = this.#clock.toUs(nowMs)
    this.contentType = head.contentType
    this.contentEncoding = head.contentEncoding
    if (this.capture.wanted && isTimedStream(head.contentType)) this.arrivals = new ArrivalLog(this.#startedMs)
    this.headerLength = head.inferenceHeaderLength
    // A stream may go on for hours: who waits for the verdict of a trial must not wait for its end.
    if (head.status < 500) this.endpoint.answered()
    this.#sent = true
    this.#stream = this.isStream(head)
    // A deadline that has moved on is found out when the old one fires: most legs are over by then.
    const dueMs = this.#dueMs()
    if (dueMs < this.wheelDueMs) this.#wheel.arm(this, dueMs - nowMs, nowMs)
    this.onHead(head)
  }

  onAnswerData(bytes: Buffer, nowMs: number): void {
    if (this.#state === 'ended') return
    this.#activeMs = nowMs
    this.bytes += bytes.length
    if (this.arrivals !== null) this.arrivals.add(this.bytes, nowMs)
    this.onChunk(bytes)
  }

  onReadEnd(): void {}

  onAnswerEnd(trailers: readonly string[], nowMs: number): void {
    if (this.#state !== 'ended') this.finish(null, '', trailers, nowMs)
  }

  onCallFailed(error: Error, unsent: boolean): void {
    if (this.#state === 'ended') return
    this.unsent = unsent
    this.finish(legErrorCode(error, unsent), error.message)
  }

  /** Called by the wheel: finds out which deadline has passed, or when the next one will. */
  onDeadline(nowMs: number): void {
    const dueMs = this.#dueMs()
    if (nowMs < dueMs) this.#wheel.arm(this, dueMs - nowMs)
    else if (this.#upload?.isHeldBack === false) this.#uploadLate()
    else this.onTimeout(this.headAtUs === 0 ? 'no answer' : 'no complete answer', Math.round(nowMs - this.#startedMs))
  }

  /** The model server takes what comes: it is the client who has not sent the rest. */
  #uploadLate(): void {
    const { totalMs } = this.#deadlines
    this.fail('REQUEST_TIMEOUT', `the body did not arrive within ${totalMs} ms (timeouts.total of the upstream)`)
  }

  /** A deadline passed; the leg still runs. */
  protected onTimeout(what: string, afterMs: number): void {
    this.fail('UPSTREAM_TIMEOUT', `${what} from ${this.upstream.plan.name} after ${afterMs} ms`)
  }

  /** Ends the leg. The subclass hears of it once. */
  protected finish(error: ErrorCode | null, detail: string, trailers = NO_TRAILERS, nowMs = performance.now()): void {
    const running = this.#state === 'running'
    this.#state = 'ended'
    this.error = error
    this.endedAtUs = this.#clock.toUs(nowMs)
    this.#control = null
    this.#wheel.disarm(this)
    this.#uploaded()
    // Freed before anyone hears of it: a second attempt may need just this connection, and goes before those in line.
    if (running) this.endpoint.ended(this.verdict(), nowMs)
    this.onEnded(detail, trailers)
    if (running) this.upstream.serveLine()
  }

  /** The next deadline: `#activeMs` is when the request was sent, then when the last byte came. */
  #dueMs(): number {
    const { firstByteMs, betweenBytesMs, totalMs } = this.#deadlines
    const endMs = this.#stream ? Infinity : this.#startedMs + totalMs
    if (!this.#sent) return endMs
    return Math.min(this.#activeMs + (this.headAtUs === 0 ? firstByteMs : betweenBytesMs), endMs)
  }

  #uploaded(): void {
    if (this.#upload === null) return
    this.#upload = null
    this.endpoint.uploads--
  }

  /** What this leg says about its endpoint. */
  protected verdict(): LegVerdict {
    if (this.error === null) return this.status >= 500 ? 'bad' : 'good'
    return ERRORS[this.error].source === 'upstream' ? 'bad' : 'undecided'
  }

  /** The head says that the answer may rightly take longer than `totalMs`. */
  protected isStream(_head: AnswerHead): boolean {
    return false
  }

  /** Time spent waiting for the client does not count against the model server. */
  protected markActive(): void {
    this.#activeMs = performance.now()
  }

  protected pause(): void {
    this.#control?.pause(this)
  }

  protected resume(): void {
    this.#control?.resume(this)
  }

  protected abstract onInformational(head: AnswerHead): void
  protected abstract onHead(head: AnswerHead): void
  /** `bytes` is a view of a buffer that is read into again: whoever keeps them copies them. */
  protected abstract onChunk(bytes: Buffer): void
  /** `error` says how; `detail` is for logs. */
  protected abstract onEnded(detail: string, trailers: readonly string[]): void
}

const NO_TRAILERS: readonly string[] = []

function framingOfStream(length: string | undefined): Framing {
  return length === undefined ? { kind: 'chunked' } : { kind: 'length', bytes: length }
}
