import type { DropReason } from '../../wire/outcomes.ts'
import { unitOf } from '../assign.ts'
import type { DataPlane } from '../data-plane.ts'
import { Exchange } from '../exchange.ts'
import { NO_CLIENT } from '../http/no-client.ts'
import type { RawHeaders } from '../http/request-headers.ts'
import type { RequestHead } from '../routing/request-head.ts'
import type { RouteRuntime, Runtime, ShadowRuntime } from '../runtime.ts'
import { BodyCapture } from '../upstream/capture.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import { PrimarySession } from './primary-session.ts'
import { sampleShadows } from './sample.ts'
import { Session, type OpenedConnection } from './session.ts'
import { SessionLeg } from './session-leg.ts'
import { drop, markSent, type ShadowSlot } from './slot.ts'
import { takeCopy } from './take-copy.ts'

/** A client's handshake, as far as copies are made of it. */
export interface AskedSession {
  /** In which it was routed. */
  readonly runtime: Runtime
  readonly route: RouteRuntime
  readonly head: RequestHead
  readonly originForm: string
  /** What every leg sends, before the rules of its upstream. */
  readonly sharedHeaders: RawHeaders
}

/**
 * The primary has accepted a client's WebSocket connection: decides which shadows get a copy of the session and opens their
 * connections. null: none does. Nothing here can fail the client.
 */
export function openSession(
  plane: DataPlane,
  asked: AskedSession,
  endpoint: Endpoint,
  startedAtUs: number,
  opened: OpenedConnection,
): Session | null {
  // Counts of a configuration that has been replaced, and of which nothing is under way, have no place any more.
  if (plane.runtime !== asked.runtime) return null
  const exchange = exchangeOf(plane, asked)
  sampleShadows(exchange)
  if (exchange.slots.length === 0) return null
  exchange.unit = unitOf(exchange)
  const capture = new BodyCapture(exchange.captureBytes, plane.copyMemory)
  const { extensions } = opened.agreement
  const primary = new PrimarySession(endpoint, capture, extensions, startedAtUs, exchange.arrivedAtUs)
  const session = new Session(exchange, primary, opened)
  exchange.session = session
  exchange.requestBody = session.said.list()
  const legs = exchange.slots.flatMap(slot => send(exchange, session, slot) ?? [])
  if (legs.length === 0) return null
  session.begin(legs)
  return session
}

function exchangeOf(plane: DataPlane, { route, head, originForm, sharedHeaders }: AskedSession): Exchange {
  const exchange = new Exchange(plane, NO_CLIENT)
  exchange.isSession = true
  exchange.requestId = head.requestId
  exchange.head = head
  exchange.originForm = originForm
  exchange.sharedHeaders = sharedHeaders
  exchange.route = route
  exchange.routeName = route.plan.name
  exchange.matched = true
  exchange.assigned = true
  // It counts in the second in which it opens: that of its handshake may be handed over already.
  exchange.assignedAtUs = exchange.arrivedAtUs
  return exchange
}

/** null: the copy was dropped. */
function send(exchange: Exchange, session: Session, slot: ShadowSlot): SessionLeg | null {
  const place = placeFor(exchange, slot.shadow)
  if (typeof place === 'string') {
    drop(exchange, slot, place)
    return null
  }
  const leg = new SessionLeg(exchange, session, slot, place)
  markSent(exchange, slot, leg)
  leg.start()
  return leg
}

/** Where a copy goes, or why there is none: the gates of other copies, of which each would need a new connection. */
function placeFor(exchange: Exchange, shadow: ShadowRuntime): Endpoint | DropReason {
  const { plane } = exchange
  const { plan, counters, upstream, gate, pace } = shadow
  const nowMs = performance.now()
  if (plane.draining) return 'draining'
  if (plane.sheddingShadows(nowMs)) return 'overloaded'
  if (counters.inFlight >= plan.maxInFlight) return 'in_flight'
  const endpoint = upstream.pickForCopy()
  if (endpoint === null) return 'in_flight'
  if (!gate.allows(nowMs)) return 'unreachable'
  if (!pace.allows(nowMs)) return 'connections'
  return takeCopy(exchange, shadow, 0, nowMs) ?? endpoint
}
