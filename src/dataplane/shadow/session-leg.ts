import { ERRORS, type ErrorCode } from '../../errors.ts'
import type { WheelEntry } from '../deadline-wheel.ts'
import type { Exchange } from '../exchange.ts'
import { FrameScan } from '../http/websocket-frames.ts'
import { shadowEnded } from '../settle.ts'
import { BodyCapture } from '../upstream/capture.ts'
import type { Endpoint, LegVerdict } from '../upstream/endpoint.ts'
import { isRejection } from '../upstream/leg-outcome.ts'
import { SessionConnection, type SessionListener } from './session-connection.ts'
import { sendHandshake } from './session-request.ts'
import type { Session } from './session.ts'
import type { CopyLeg, ShadowSlot } from './slot.ts'

/**
 * The copy of a WebSocket session: it gets what the client says. States:
 *   connecting  to the endpoint, at most `timeouts.connect`
 *   asking      the handshake is sent
 *   open        what the client says goes to the shadow, what the shadow says into the capture
 *   ended       exactly once. Its connection may still say goodbye
 *
 * It ends when its server does, when it has said as many messages as the primary had when the client left, and `timeout`
 * after its start at the latest.
 */
export class SessionLeg implements CopyLeg, SessionListener, WheelEntry {
  readonly slot: ShadowSlot
  readonly endpoint: Endpoint
  readonly capture: BodyCapture
  status = 0
  readonly contentType = ''
  contentEncoding = ''
  readonly headerLength = 0
  readonly arrivals = null
  bytes = 0
  error: ErrorCode | null = null
  startedAtUs = 0
  /** Whether all is there that the server had to say, or did say in its time. */
  end: 'whole' | 'cut' = 'cut'
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly #exchange: Exchange
  readonly #session: Session
  readonly #connection: SessionConnection
  readonly #scan = new FrameScan()
  #state: 'connecting' | 'asking' | 'open' | 'ended' = 'connecting'
  #startedMs = 0
  #answeredAtUs = 0
  #heardBytes = 0
  /** It does not get what the client says any more. */
  #isDeaf = false
  /** It says more than anybody wants to compare: its connection is cut, whatever it still has to say. */
  #isTooLong = false
  /** performance.now() when it was known how much the primary has said. */
  #knownMs = 0

  constructor(exchange: Exchange, session: Session, slot: ShadowSlot, endpoint: Endpoint) {
    const { wheel, copyMemory } = exchange.plane
    this.#exchange = exchange
    this.#session = session
    this.#connection = new SessionConnection(wheel, session.agreement, this)
    this.slot = slot
    this.endpoint = endpoint
    this.capture = new BodyCapture(slot.shadow.captureBytes, copyMemory)
  }

  get ended(): boolean {
    return this.#state === 'ended'
  }

  get hasFailed(): boolean {
    return this.error !== null || isRejection(this.status)
  }

  /** Of the handshake, or to the failure that came instead of it. */
  get latencyUs(): number {
    return this.#answeredAtUs - this.startedAtUs
  }

  get ttfbUs(): number {
    return this.status === 0 ? 0 : this.latencyUs
  }

  get timeoutMs(): number {
    return this.slot.shadow.plan.timeoutMs
  }

  start(): void {
    const { plane } = this.#exchange
    const { shadow } = this.slot
    this.#startedMs = performance.now()
    this.startedAtUs = plane.clock.toUs(this.#startedMs)
    this.endpoint.started(this.#startedMs)
    plane.wheel.arm(this, Math.min(this.timeoutMs, shadow.upstream.plan.timeouts.connectMs))
    try {
      this.#connection.ask(sendHandshake(this.#exchange, shadow, this.endpoint, this.#session.agreement))
    } catch (error) {
      // What node:http does not want to send: the client's request has passed, and must not notice.
      this.fail('INTERNAL', String(error))
    }
  }

  /** The client has said this. */
  hear(said: Buffer): void {
    if (this.#state !== 'open' || this.#isDeaf) return
    this.#isDeaf = this.#heardBytes + said.length > this.slot.shadow.plan.maxBodyBytes
    if (this.#isDeaf) return
    this.#heardBytes += said.length
    this.#connection.write(said)
  }

  /** How much the primary has said is known from now on. */
  onPrimaryEnded(): void {
    const { primary, neededMessages } = this.#session
    if (primary.ended && this.#knownMs === 0) this.#knownMs = performance.now()
    // One that closes its sessions itself is waited for: the shadow is to do the same.
    if (this.#state !== 'open' || !primary.ended || primary.state === 'closed') return
    if (this.#scan.messages >= neededMessages) this.#finish('cut')
  }

  fail(code: ErrorCode, detail: string): void {
    if (this.ended) return
    this.error = code
    this.#finish('cut', detail)
  }

  onConnected(): void {
    this.#state = 'asking'
    this.#exchange.plane.wheel.arm(this, Math.max(0, this.#startedMs + this.timeoutMs - performance.now()))
  }

  onAnswer(status: number): void {
    this.status = status
    this.#answeredAtUs = this.#exchange.plane.clock.nowUs()
  }

  onAccepted(extensions: string): void {
    this.#state = 'open'
    this.contentEncoding = extensions
    // The endpoint has proved itself; a breaker that tries it must not wait until the session ends.
    this.endpoint.ended('good', performance.now())
    this.endpoint.started(performance.now())
    this.slot.shadow.gate.ended(null, performance.now())
    for (const piece of this.#session.said.list().pieces()) this.hear(piece)
    this.onPrimaryEnded()
  }

  /** The shadow has said this; it goes no further than the capture. */
  onBytes(bytes: Buffer): void {
    this.#exchange.plane.answerBudget.take(bytes.length)
    const limitBytes = this.slot.shadow.plan.maxBodyBytes
    if (this.bytes + bytes.length > limitBytes) {
      this.#isTooLong = true
      return this.#finish('cut')
    }
    this.#scan.push(bytes)
    this.bytes += bytes.length
    this.capture.add(bytes)
    if (this.#scan.closeSeen && this.#scan.betweenFrames) this.#finish('whole')
    else this.onPrimaryEnded()
  }

  /** A rejection is an answer: its status says all. */
  onFailed(code: ErrorCode, detail: string): void {
    if (isRejection(this.status) && !this.ended) this.#finish('cut')
    else this.fail(code, detail)
  }

  onDeadline(nowMs: number): void {
    const name = this.slot.shadow.upstream.plan.name
    const afterMs = Math.round(nowMs - this.#startedMs)
    if (this.#state === 'open') this.#timeIsUp(`no message from ${name} after ${afterMs} ms`, nowMs)
    else if (this.#state === 'connecting' && afterMs < this.timeoutMs)
      this.fail('UPSTREAM_CONNECT', `no connection to ${name} within ${afterMs} ms`)
    else this.fail('UPSTREAM_TIMEOUT', `no answer from ${name} after ${afterMs} ms`)
  }

  /**
   * It had its time for all that the primary has said where the session was over for half of it, and it got all that the
   * client has said.
   */
  #timeIsUp(owed: string, nowMs: number): void {
    const { primary, saidMessages, isOverLimit } = this.#session
    const isDeaf = this.#isDeaf || isOverLimit
    const isOver = primary.ended && primary.state !== 'cut' && nowMs - this.#knownMs >= this.timeoutMs / 2
    if (this.#scan.messages === 0 && primary.messages > 0 && saidMessages > 0 && !isDeaf)
      this.fail('UPSTREAM_TIMEOUT', owed)
    else this.#finish(isOver && !isDeaf ? 'whole' : 'cut')
  }

  #finish(end: 'whole' | 'cut', detail = ''): void {
    const { plane } = this.#exchange
    const { upstream, pace, ceilings } = this.slot.shadow
    const verdict = upstream.verdictOfCopy(this.#verdict())
    const hears = this.error === null && !this.#isDeaf && !this.#isTooLong
    const lastWord = hears ? this.#session.lastWord : null
    this.#state = 'ended'
    this.end = end
    if (this.#answeredAtUs === 0) this.#answeredAtUs = plane.clock.nowUs()
    plane.wheel.disarm(this)
    this.#connection.leave(lastWord)
    upstream.ended(this.endpoint, verdict)
    ceilings?.spend(this.#heardBytes + this.bytes, plane.clock.nowUs())
    if (this.error === null && !this.#isTooLong) pace.kept()
    else pace.lost()
    shadowEnded(this.#exchange, this.slot, detail)
    this.#session.onLegEnded()
  }

  /** What the leg says about its endpoint. A server without WebSockets may be a good one. */
  #verdict(): LegVerdict {
    if (this.#state === 'open') return 'undecided'
    if (this.status > 101) return this.status >= 500 ? 'bad' : 'good'
    // It has answered, and agreed to something else than the primary.
    if (this.status === 101 && this.error === 'UPSTREAM_PROTOCOL') return 'good'
    return this.error !== null && ERRORS[this.error].source === 'upstream' ? 'bad' : 'undecided'
  }
}
