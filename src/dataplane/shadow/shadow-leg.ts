import type { IncomingHttpHeaders } from 'node:http'
import type { Exchange } from '../exchange.ts'
import { shadowEnded } from '../settle.ts'
import { BodyCapture } from '../upstream/capture.ts'
import { Leg, type LegController } from '../upstream/leg.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { ShadowSlot } from './slot.ts'

/** An answer that turns out too large to compare is read on this far, because cancelling it costs the connection. */
const DRAIN_BYTES = 64 * 1024

/** The copy's leg: its answer goes nowhere but into the capture. */
export class ShadowLeg extends Leg {
  readonly #exchange: Exchange
  readonly #slot: ShadowSlot
  readonly #drainUntilBytes: number

  constructor(exchange: Exchange, slot: ShadowSlot, endpoint: Endpoint) {
    const { clock, wheel, copyMemory } = exchange.plane
    const { plan, upstream } = slot.shadow
    const deadlines = { firstByteMs: plan.timeoutMs, betweenBytesMs: plan.timeoutMs, totalMs: plan.timeoutMs }
    super(clock, wheel, upstream, endpoint, deadlines, new BodyCapture(plan.maxBodyBytes, copyMemory))
    this.#exchange = exchange
    this.#slot = slot
    this.#drainUntilBytes = plan.maxBodyBytes + DRAIN_BYTES
  }

  protected onInformational(): void {}

  protected onHead(controller: LegController, headers: IncomingHttpHeaders): void {
    const length = Number(headers['content-length'] ?? 0)
    if (length <= this.#drainUntilBytes) return
    this.capture.overflow()
    this.#giveUp(controller)
  }

  protected onChunk(controller: LegController, chunk: Buffer): void {
    this.#exchange.plane.answerBudget.take(chunk.length)
    if (this.bytes > this.#drainUntilBytes) this.#giveUp(controller)
  }

  protected onEnded(detail: string): void {
    shadowEnded(this.#exchange, this.#slot, detail)
  }

  /** Not an error of the shadow: it answered, and the capture says that the answer is over the limit. */
  #giveUp(controller: LegController): void {
    this.finish(null, '')
    controller.abort(new Error('the answer is over the capture limit'))
  }
}
