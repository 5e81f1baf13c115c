import type { IncomingHttpHeaders } from 'node:http'
import type { Exchange } from '../exchange.ts'
import { shadowEnded } from '../settle.ts'
import { Leg, type LegController } from '../upstream/leg.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { ShadowSlot } from './slot.ts'

/**
 * An answer that is too large to compare is read on for a moment, because cancelling costs the connection; an endless one
 * must not cost the thread more than this.
 */
const DRAIN_BYTES = 1024 * 1024

/** The copy's leg: its answer goes nowhere but into the capture. */
export class ShadowLeg extends Leg {
  readonly #exchange: Exchange
  readonly #slot: ShadowSlot
  readonly #drainUntilBytes: number

  constructor(exchange: Exchange, slot: ShadowSlot, endpoint: Endpoint) {
    const { clock, wheel } = exchange.plane
    const { plan, upstream } = slot.shadow
    const deadlines = { firstByteMs: plan.timeoutMs, betweenBytesMs: plan.timeoutMs, totalMs: plan.timeoutMs }
    super(clock, wheel, upstream, endpoint, deadlines, plan.maxBodyBytes)
    this.#exchange = exchange
    this.#slot = slot
    this.#drainUntilBytes = plan.maxBodyBytes + DRAIN_BYTES
  }

  protected onInformational(): void {}

  protected onHead(_controller: LegController, _headers: IncomingHttpHeaders): void {}

  protected onChunk(controller: LegController): void {
    if (this.bytes <= this.#drainUntilBytes) return
    // Not an error of the shadow: it answered, and the capture says that the answer is over the limit.
    this.finish(null, '')
    controller.abort(new Error('the answer is over the capture limit'))
  }

  protected onEnded(detail: string): void {
    shadowEnded(this.#exchange, this.#slot, detail)
  }
}
