import type { Socket } from 'node:net'
import type { ErrorCode } from '../../errors.ts'
import type { SessionEnds } from '../../wire/pair-frame.ts'
import type { WheelEntry } from '../deadline-wheel.ts'
import type { Exchange } from '../exchange.ts'
import type { Agreement } from '../http/websocket-handshake.ts'
import { FrameScan, goingAwayFrame } from '../http/websocket-frames.ts'
import { sessionCompared } from '../settle.ts'
import { BodyCapture } from '../upstream/capture.ts'
import { PrimarySession } from './primary-session.ts'
import type { SessionLeg } from './session-leg.ts'
import type { ShadowSlot } from './slot.ts'

/** A connection that the primary has accepted, with the sockets that the tunnel has joined. */
export interface OpenedConnection {
  readonly client: Socket
  readonly upstream: Socket
  readonly agreement: Agreement
}

/**
 * What is compared of one WebSocket connection: from its opening, for at most the longest `timeout` of its shadows, because
 * no second of the evidence is complete while one of its exchanges is not. The connection itself knows nothing of it: this
 * only listens, beside the pipes that carry it, and never pauses or resumes anything.
 *
 * What the client says is kept until the last copy is settled, and goes to each of them. Its close frame does not: a copy
 * that is slower than the primary must have the time to say what the primary has said already (session-leg.ts).
 */
export class Session implements WheelEntry {
  readonly primary: PrimarySession
  readonly agreement: Agreement
  /** All that the client has said, without its close frame. */
  readonly said: BodyCapture
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly #exchange: Exchange
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #scan = new FrameScan()
  #legs: readonly SessionLeg[] = []
  /** The client has said more than is copied. */
  #isOverLimit = false
  /** The client's own, once it has closed the session. */
  #closeFrame: Buffer | null = null

  constructor(exchange: Exchange, primary: PrimarySession, { client, upstream, agreement }: OpenedConnection) {
    this.#exchange = exchange
    this.#client = client
    this.#upstream = upstream
    this.primary = primary
    this.agreement = agreement
    this.said = new BodyCapture(exchange.teeBytes, exchange.plane.copyMemory)
  }

  /** Whole messages that every copy gets. */
  get saidMessages(): number {
    return this.#scan.messages
  }

  get isOverLimit(): boolean {
    return this.#isOverLimit
  }

  /** How many messages a copy has to have before it has said as much as the primary. */
  get neededMessages(): number {
    return this.primary.hasFailed || this.said.state !== 'complete' ? 0 : this.primary.messages
  }

  /** What a copy says at its end. null: it has got the beginning of a frame, and nothing can follow but the rest. */
  get lastWord(): Buffer | null {
    if (this.#closeFrame !== null) return this.#closeFrame
    return this.#scan.betweenFrames && !this.#isOverLimit ? goingAwayFrame(true) : null
  }

  /** In the turn in which the sockets were joined: nothing has passed yet. */
  begin(legs: readonly SessionLeg[]): void {
    this.#legs = legs
    this.#client.on('data', this.#onClientData)
    this.#upstream.on('data', this.#onPrimaryData)
    for (const event of ['end', 'close', 'error']) {
      this.#client.on(event, this.#onClientGone)
      this.#upstream.on(event, this.#onPrimaryGone)
    }
    const longestMs = Math.max(...legs.map(({ timeoutMs }) => timeoutMs))
    this.#exchange.plane.wheel.arm(this, longestMs)
    this.onLegEnded()
  }

  /** A leg that has failed says all there is to say: where all have, nobody waits for the primary. */
  onLegEnded(): void {
    if (this.#legs.length > 0 && this.#legs.every(leg => leg.ended && leg.hasFailed)) this.#end('cut')
  }

  onDeadline(): void {
    this.#end('cut')
  }

  /** The process is about to end: whatever is said from now on is about that. */
  cut(): void {
    this.#end('cut')
  }

  endsOf(slot: ShadowSlot): SessionEnds {
    const leg = this.#legs.find(each => each.slot === slot)
    return { primary: this.primary.state === 'closed' ? 'whole' : 'cut', shadow: leg?.end ?? 'cut' }
  }

  /** Nobody wants anything of it any more. */
  release(): void {
    this.#detach()
    this.primary.capture.release()
    this.said.release()
  }

  readonly #onClientData = (chunk: Buffer): void => {
    if (this.#isOverLimit) return
    if (!this.said.takes(chunk.length)) {
      this.#isOverLimit = true
      return
    }
    const before = this.#scan.push(chunk)
    const said = before === chunk.length ? chunk : chunk.subarray(0, before)
    this.said.add(said)
    // No memory: the copies are given up, and counted as not captured.
    if (this.said.state !== 'complete') return this.#letGo()
    for (const leg of this.#legs) leg.hear(said)
    if (before === chunk.length) return
    this.#closeFrame = this.#scan.betweenFrames ? Buffer.from(chunk.subarray(before)) : goingAwayFrame(true)
    this.#end('left')
  }

  readonly #onPrimaryData = (chunk: Buffer): void => {
    const { primary } = this
    if (!primary.hear(chunk)) this.#end('cut')
    else if (primary.hasClosed) this.#end('closed')
  }

  readonly #onClientGone = (): void => {
    this.#end('left', this.primary.messages === 0 ? 'CLIENT_GONE' : null)
  }

  readonly #onPrimaryGone = (): void => {
    this.#end('cut', 'UPSTREAM_RESET')
  }

  #letGo(): void {
    this.primary.capture.release()
    for (const leg of this.#legs) leg.capture.release()
    this.#end('cut')
  }

  #end(state: 'closed' | 'left' | 'cut', error: ErrorCode | null = null): void {
    if (this.primary.ended) return
    this.primary.end(state, error)
    this.#detach()
    sessionCompared(this.#exchange)
    for (const leg of this.#legs) leg.onPrimaryEnded()
  }

  #detach(): void {
    this.#exchange.plane.wheel.disarm(this)
    this.#client.off('data', this.#onClientData)
    this.#upstream.off('data', this.#onPrimaryData)
    for (const event of ['end', 'close', 'error']) {
      this.#client.off(event, this.#onClientGone)
      this.#upstream.off(event, this.#onPrimaryGone)
    }
  }
}
