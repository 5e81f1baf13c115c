import type { Exchange } from '../exchange.ts'
import { isBodiless } from '../h1/message-text.ts'
import { shadowEnded } from '../settle.ts'
import { BodyCapture } from '../upstream/capture.ts'
import type { AnswerHead } from '../upstream/h1/answer-head.ts'
import { Leg } from '../upstream/leg.ts'
import type { Endpoint, LegVerdict } from '../upstream/endpoint.ts'
import type { ShadowSlot } from './slot.ts'

/** An answer that turns out too large to compare is read on this far, because cancelling it costs the connection. */
const DRAIN_BYTES = 64 * 1024

/**
 * A stream of tokens has some thousand pieces. Whoever cuts 1 MiB into single bytes would have the thread read for two
 * seconds: after so many, 55 ms, an answer is too large to compare.
 */
const MOST_PIECES = 32 * 1024

/** The copy's leg: its answer goes nowhere but into the capture. */
export class ShadowLeg extends Leg {
  readonly isAwaited = false
  readonly #exchange: Exchange
  readonly #slot: ShadowSlot
  readonly #drainUntilBytes: number
  /** The answer is longer than anybody wants to know. */
  #isCut = false
  #pieces = 0

  constructor(exchange: Exchange, slot: ShadowSlot, endpoint: Endpoint) {
    const { clock, wheel, copyMemory } = exchange.plane
    const { plan, upstream, captureBytes } = slot.shadow
    const deadlines = { firstByteMs: plan.timeoutMs, betweenBytesMs: plan.timeoutMs, totalMs: plan.timeoutMs }
    super(clock, wheel, upstream, endpoint, deadlines, new BodyCapture(captureBytes, copyMemory))
    this.#exchange = exchange
    this.#slot = slot
    this.#drainUntilBytes = plan.maxBodyBytes + DRAIN_BYTES
  }

  protected onInformational(): void {
    this.#exchange.plane.answerBudget.take(0)
  }

  /** Giving up is no error of the shadow: it answered, and the capture says that the answer is over the limit. */
  protected onHead({ status, contentLength }: AnswerHead): void {
    // What such an answer declares is not in it.
    if (isBodiless(this.method, status)) return
    if (contentLength !== null && contentLength > this.#drainUntilBytes) this.#cut()
  }

  protected onChunk(bytes: Buffer): void {
    this.#exchange.plane.answerBudget.take(bytes.length)
    this.capture.addCopy(bytes, this.#exchange.plane.relayMemory)
    if (this.bytes > this.#drainUntilBytes || ++this.#pieces > MOST_PIECES) this.#cut()
  }

  protected override verdict(): LegVerdict {
    return this.upstream.verdictOfCopy(super.verdict())
  }

  #cut(): void {
    this.capture.overflow()
    this.#isCut = true
    this.stopReading()
  }

  protected onEnded(detail: string): void {
    const { ceilings, pace } = this.#slot.shadow
    ceilings?.spend(this.bytes, this.endedAtUs)
    if (this.error !== null || this.#isCut) pace.lost()
    else pace.kept()
    shadowEnded(this.#exchange, this.#slot, detail)
  }
}
