import type { WindowCounts } from '../../wire/window.ts'
import type { Exchange } from '../exchange.ts'
import { decideControl, decideShadow } from '../routing/assign.ts'
import type { ShadowRuntime } from '../runtime.ts'
import { countsOf } from './slot.ts'

const ROLE_HEADER = 'x-understudy-role'

/**
 * Decides which shadows get a copy, before any answer exists. Only exchanges of the primary arm are eligible, and none
 * that is itself somebody's shadow: two proxies in a row would multiply each other's copies.
 */
export function sampleShadows(exchange: Exchange): void {
  const { route, head } = exchange
  if (exchange.arm !== 'primary' || route.shadows.length === 0) return
  // Early data can be replayed by whoever recorded it (RFC 8470): it is the model server's to judge, and not copied.
  if (head.headers[ROLE_HEADER] !== undefined || head.headers['early-data'] !== undefined) return
  for (const shadow of route.shadows) {
    if (!shadow.plan.methods.includes(head.method) || !isTaken(exchange, shadow)) continue
    const counts = countsOf(exchange, shadow)
    counts.eligible++
    shadow.counters.eligible++
    // All is all, whatever the key: nothing to hash for.
    if (shadow.plan.percent < 100 && !decideShadow(route.plan, shadow.plan, head).chosen) continue
    sample(exchange, shadow, counts)
  }
  const { control } = route
  if (control !== null && exchange.slots.length > 0 && isTaken(exchange, control)) sampleControl(exchange, control)
  exchange.unsettled = exchange.slots.length
  // Where the route has a canary it is open already.
  if (exchange.unsettled > 0 && exchange.assignment === null) exchange.plane.openExchanges.add(exchange)
}

/** A session can do things, and to copy them is for the user to say. */
function isTaken({ isSession }: Exchange, { plan }: ShadowRuntime): boolean {
  return !isSession || plan.websockets
}

/** Only what a shadow gets is worth knowing the noise of. */
function sampleControl(exchange: Exchange, control: ShadowRuntime): void {
  const counts = countsOf(exchange, control)
  counts.eligible++
  control.counters.eligible++
  if (!decideControl(exchange.route.plan, control.plan, exchange.head).chosen) return
  sample(exchange, control, counts)
  exchange.hasControl = true
}

function sample(exchange: Exchange, shadow: ShadowRuntime, counts: WindowCounts): void {
  counts.sampled++
  shadow.counters.sampled++
  exchange.slots.push({ shadow, state: 'waiting', leg: null })
  exchange.teeBytes = Math.max(exchange.teeBytes, shadow.plan.maxBodyBytes)
  exchange.captureBytes = Math.max(exchange.captureBytes, shadow.captureBytes)
}
