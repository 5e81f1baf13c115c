import type { ErrorCode } from '../../errors.ts'
import type { DropReason } from '../../wire/outcomes.ts'
import type { WindowCounts } from '../../wire/window.ts'
import type { Exchange } from '../exchange.ts'
import type { ShadowRuntime } from '../runtime.ts'
import type { LegOutcome } from '../upstream/leg-outcome.ts'

/** The leg of a copy. */
export interface CopyLeg extends LegOutcome {
  /** Ends it for a reason of ours and lets go of its connection. */
  fail(code: ErrorCode, detail: string): void
}

/**
 * One sampled shadow of one exchange. It ends in exactly one of the last two states:
 *   waiting  for the whole request body
 *   sent     the copy is under way, or answered and waiting for the primary's outcome (`leg.ended` tells)
 *   dropped  never sent, counted with its reason
 *   settled  counted as a pair, or as unpaired with its reason
 */
export interface ShadowSlot {
  readonly shadow: ShadowRuntime
  state: 'waiting' | 'sent' | 'dropped' | 'settled'
  leg: CopyLeg | null
}

/** The counts of the second in which the exchange arrived. */
export function countsOf(exchange: Exchange, shadow: ShadowRuntime): WindowCounts {
  exchange.tally ??= exchange.plane.tallyFor(exchange)
  return exchange.tally.counts(shadow.plan.experiment)
}

/** The copy is about to be sent: its leg starts behind this. */
export function markSent(exchange: Exchange, slot: ShadowSlot, leg: CopyLeg): void {
  const { counters } = slot.shadow
  slot.leg = leg
  slot.state = 'sent'
  counters.inFlight++
  counters.sent++
  countsOf(exchange, slot.shadow).sent++
}

/** Gives up one copy that has not been sent. */
export function drop(exchange: Exchange, slot: ShadowSlot, reason: DropReason): void {
  slot.state = 'dropped'
  slot.shadow.counters.dropped[reason]++
  countsOf(exchange, slot.shadow).dropped[reason]++
  slotClosed(exchange, slot)
}

/** Gives up all copies that have not been sent. */
export function dropWaiting(exchange: Exchange, reason: DropReason): void {
  for (const slot of exchange.slots) {
    if (slot.state === 'waiting') drop(exchange, slot, reason)
  }
}

/** One slot of the exchange has reached its end. The last one lets go of what was kept, and lets the watermark pass. */
export function slotClosed(exchange: Exchange, slot: ShadowSlot): void {
  slot.leg?.capture.release()
  exchange.unsettled--
  giveBackBody(exchange)
  closeIfSettled(exchange)
}

/**
 * The memory of the request's body, once the client has its answer and no copy is under way: a leg that has ended has either
 * written all of it or has closed its connection.
 */
export function giveBackBody({ answered, unsettled, upload }: Exchange): void {
  if (answered && unsettled === 0) upload?.giveBack()
}

/** Nothing of the exchange is left to count. */
export function closeIfSettled(exchange: Exchange): void {
  if (exchange.unsettled > 0 || exchange.assignment !== null) return
  exchange.live?.capture.release()
  exchange.teed?.release()
  exchange.session?.release()
  exchange.plane.copyMemory.give(exchange.heldBytes)
  exchange.heldBytes = 0
  exchange.plane.openExchanges.remove(exchange)
}
