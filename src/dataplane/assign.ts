import type { CanaryPlan } from '../config/snapshot.ts'
import type { Exchange } from './exchange.ts'
import { endToEndHeaders } from './http/request-headers.ts'
import { decideCanary } from './routing/assign.ts'
import { readKey } from './routing/key.ts'
import type { RequestHead } from './routing/request-head.ts'
import type { RouteRuntime } from './runtime.ts'
import { sampleShadows } from './shadow/sample.ts'

const BEYOND_LATIN1 = /[\u0100-\uffff]/

/**
 * Step 4: the arm and the shadows, before any answer exists. Where a key of the route lies in a body that is too long to be
 * looked at, or no JSON, the decision is random, like for any request without its key.
 */
export function assign(exchange: Exchange): void {
  const { route, plane, client } = exchange
  exchange.assigned = true
  // Having waited for a body, it counts in the second of the decision: that of its arrival may be handed over already.
  exchange.assignedAtUs = exchange.upload === null ? exchange.arrivedAtUs : plane.clock.nowUs()
  const { canary } = route.plan
  if (canary !== null) assignArm(exchange, canary)
  exchange.sharedHeaders = endToEndHeaders(client, exchange.head.host, exchange.requestId)
  sampleShadows(exchange)
  if (exchange.slots.length > 0) exchange.unit = unitOf(exchange)
}

/** The arm of a request that is not an exchange: a WebSocket handshake. */
export function chooseArm(route: RouteRuntime, head: RequestHead): 'primary' | 'canary' {
  const { canary } = route.plan
  if (canary === null || !decideCanary(route.plan, canary, head).chosen) return 'primary'
  return canaryOrFallback(route, canary)
}

/** Such an exchange is open until its client has the answer: a window is sealed when all requests in it have an outcome. */
function assignArm(exchange: Exchange, canary: CanaryPlan): void {
  const { route, plane } = exchange
  const { chosen, key, bucket } = decideCanary(route.plan, canary, exchange.head)
  if (chosen) exchange.arm = canaryOrFallback(route, canary)
  exchange.assignment = { arm: chosen ? 'canary' : 'primary', key: key === null ? null : bucket, canary }
  // Now, and not when it has its answer: the seconds of tallies follow each other.
  exchange.tally = plane.tallyFor(exchange)
  plane.openExchanges.add(exchange)
}

/** Sticky users come back to the canary by themselves once it has a usable endpoint again. */
function canaryOrFallback(route: RouteRuntime, canary: CanaryPlan): 'primary' | 'canary' {
  if (canary.fallback === 'none' || route.canary?.available !== false) return 'canary'
  route.arms.canary.fallbacks++
  return 'primary'
}

/** Whose vote the exchange is. */
export function unitOf({ route, head }: Exchange): string {
  const { unit } = route.plan
  const key = unit === null ? null : readKey(unit, head)
  if (key === null) return ''
  // Frames hold Latin-1, which is what header values are made of; fields of bodies may hold more.
  return BEYOND_LATIN1.test(key) ? encodeURIComponent(key.toWellFormed()) : key
}
