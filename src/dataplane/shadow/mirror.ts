import type { Exchange } from '../exchange.ts'
import { copyRequest } from './copy-request.ts'
import { ShadowLeg } from './shadow-leg.ts'
import { drop, markSent, type ShadowSlot } from './slot.ts'
import { takeCopy } from './take-copy.ts'

/** Sends the copies, in the same tick as the forward when the body came whole. Nothing here can fail the client. */
export function mirror(exchange: Exchange): void {
  for (const slot of exchange.slots) {
    if (slot.state === 'waiting') send(exchange, slot)
  }
}

function send(exchange: Exchange, slot: ShadowSlot): void {
  const { shadow } = slot
  const { plan, counters, upstream } = shadow
  const nowMs = performance.now()
  if (exchange.plane.sheddingShadows(nowMs)) return drop(exchange, slot, 'overloaded')
  if (exchange.requestBody.bytes > plan.maxBodyBytes) return drop(exchange, slot, 'body_limit')
  if (counters.inFlight >= plan.maxInFlight) return drop(exchange, slot, 'in_flight')
  if (!holdBody(exchange)) return drop(exchange, slot, 'memory')
  const endpoint = upstream.pickForCopy()
  if (endpoint === null) return drop(exchange, slot, 'in_flight')
  if (!shadow.gate.allows(nowMs)) return drop(exchange, slot, 'unreachable')
  const request = copyRequest(exchange, shadow, endpoint)
  if (request === null) return drop(exchange, slot, 'not_json')
  if (endpoint.connections.noneIdle && !shadow.pace.allows(nowMs)) return drop(exchange, slot, 'connections')
  const ceiling = takeCopy(exchange, shadow, exchange.requestBody.bytes, nowMs)
  if (ceiling !== null) return drop(exchange, slot, ceiling)
  const leg = new ShadowLeg(exchange, slot, endpoint)
  markSent(exchange, slot, leg)
  leg.start(request)
}

/** The body is kept until the last copy is settled, and counts once. One that was streamed has counted while it came. */
function holdBody(exchange: Exchange): boolean {
  if (exchange.teed !== null || exchange.heldBytes > 0) return true
  const bytes = exchange.requestBody.bytes
  if (!exchange.plane.copyMemory.take(bytes)) return false
  exchange.heldBytes = bytes
  return true
}
