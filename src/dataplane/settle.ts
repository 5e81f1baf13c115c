import type { UnpairedReason } from '../wire/outcomes.ts'
import { bumpLatencies } from '../wire/window.ts'
import { LATENCY_EDGES_US } from '../wire/latency-grid.ts'
import { accessLine } from './access-log.ts'
import { countArmOutcome } from './arm-outcome.ts'
import type { DataPlane } from './data-plane.ts'
import type { Exchange } from './exchange.ts'
import { handOver } from './hand-over.ts'
import { countsOf, dropWaiting, giveBackBody, slotClosed, type ShadowSlot } from './shadow/slot.ts'
import type { LegOutcome } from './upstream/leg-outcome.ts'

/** 5 minutes, the last edge of the grid. */
const LONGEST_US = LATENCY_EDGES_US.at(-1) as number

/** The client has its answer, or an error, or is gone: nothing of the exchange concerns it any more. */
export function liveEnded(exchange: Exchange): void {
  if (exchange.answered) return
  exchange.answered = true
  const { live, plane, route } = exchange
  const upload = exchange.upload
  if (upload !== null && !upload.whole) {
    upload.discard()
    dropWaiting(exchange, 'upload_incomplete')
  }
  if (live === null) dropWaiting(exchange, exchange.clientGone ? 'upload_incomplete' : 'primary_rejected')
  if (live?.error) {
    plane.counters.error(exchange.routeName, exchange.arm, live.error)
    plane.log.write(
      live.error === 'CLIENT_GONE' ? 'debug' : 'warn',
      `${exchange.routeName}/${live.error}`,
      'request failed',
      {
        code: live.error,
        route: exchange.routeName,
        arm: exchange.arm,
        endpoint: live.endpoint.plan.authority,
        detail: live.detail,
        requestId: exchange.requestId,
      },
    )
  }
  const durationUs = plane.clock.nowUs() - exchange.arrivedAtUs
  const headAtUs = live === null || live.headAtUs === 0 ? plane.clock.nowUs() : live.headAtUs
  route.arms[exchange.arm].answered(clientStatus(exchange), durationUs, headAtUs - exchange.arrivedAtUs)
  accessLine(exchange, durationUs)
  plane.release(exchange)
  for (const slot of exchange.slots) settlePair(exchange, slot)
  if (exchange.assignment !== null) countArmOutcome(exchange, exchange.assignment)
  giveBackBody(exchange)
  exchange.letGoOfClient()
}

/** What the primary says in a session is known as far as it is compared; the connection itself may go on. */
export function sessionCompared(exchange: Exchange): void {
  exchange.answered = true
  for (const slot of exchange.slots) settlePair(exchange, slot)
}

/** A copy has been answered, or has failed. `detail` says how it failed. */
export function shadowEnded(exchange: Exchange, slot: ShadowSlot, detail: string): void {
  slot.shadow.counters.inFlight--
  slot.shadow.gate.ended(slot.leg?.error ?? null, performance.now())
  if (slot.state !== 'sent') return
  const error = slot.leg?.error ?? null
  if (error !== null) {
    const { plane, routeName } = exchange
    const upstream = slot.shadow.upstream.plan.name
    plane.counters.error(routeName, 'shadow', error)
    plane.log.write('warn', `${routeName}/${upstream}/${error}`, 'shadow failed', {
      code: error,
      route: routeName,
      upstream,
      detail,
    })
  }
  settlePair(exchange, slot)
}

/** The process must go: whatever is unsettled is counted as such, and its legs are cut. */
export function abandon(exchange: Exchange): void {
  dropWaiting(exchange, 'draining')
  for (const slot of exchange.slots) {
    if (slot.state === 'sent') unpaired(exchange, slot, 'shutdown')
    slot.leg?.fail('DRAINING', 'the proxy is shutting down')
  }
}

/**
 * Counts the exchanges whose answer is a stream that has gone on for so long that it is over every latency threshold: nothing
 * that came after them on this thread could be judged until they end, which may be never. Their clients notice nothing.
 */
export function settleUnbounded(plane: DataPlane, nowUs: number): void {
  let exchange = plane.openExchanges.oldest()
  while (exchange !== null && nowUs - exchange.assignedAtUs > LONGEST_US) {
    const { next } = exchange
    if (exchange.live?.isUnbounded === true && !exchange.live.ended) countUnended(exchange)
    exchange = next
  }
}

function countUnended(exchange: Exchange): void {
  dropWaiting(exchange, 'upload_incomplete')
  for (const slot of exchange.slots) {
    if (slot.state !== 'sent') continue
    unpaired(exchange, slot, 'too_long')
    slot.leg?.fail('UPSTREAM_TIMEOUT', 'the answer it was to be compared with goes on for too long')
  }
  if (exchange.assignment !== null) countArmOutcome(exchange, exchange.assignment)
}

/** Counts the pair when both legs are done: once, because it leaves `sent`. */
function settlePair(exchange: Exchange, slot: ShadowSlot): void {
  const live = liveOutcome(exchange)
  if (slot.state !== 'sent' || slot.leg === null || !slot.leg.ended || !exchange.answered || live === null) return
  if (live.error === 'CLIENT_GONE') return unpaired(exchange, slot, 'client_gone')
  slot.state = 'settled'
  slot.shadow.counters.pairs++
  const counts = countsOf(exchange, slot.shadow)
  counts.pairs++
  if (!handOver(exchange, slot, live, slot.leg)) {
    counts.outcomes.incomparable++
    counts.incomparable.not_captured++
    const [primaryUs, shadowUs] = [live, slot.leg].map(leg => (leg.hasFailed ? Infinity : leg.latencyUs)) as [
      number,
      number,
    ]
    bumpLatencies(counts, primaryUs, shadowUs, slot.shadow.slowdownRatio)
    // Only the analysis thread knows which units have voted: what it does not see is no vote.
    if (exchange.unit !== '') {
      counts.repeated.outcomes.incomparable++
      bumpLatencies(counts.repeated, primaryUs, shadowUs, slot.shadow.slowdownRatio)
    }
  }
  slotClosed(exchange, slot)
}

function unpaired(exchange: Exchange, slot: ShadowSlot, reason: UnpairedReason): void {
  slot.state = 'settled'
  slot.shadow.counters.unpaired[reason]++
  countsOf(exchange, slot.shadow).unpaired[reason]++
  slotClosed(exchange, slot)
}

/** Of the arm. */
function liveOutcome({ live, session }: Exchange): LegOutcome | null {
  return session === null ? live : session.primary
}

/** What the client saw: 0 when it went before a head, the proxy's own status when the arm failed before one. */
function clientStatus(exchange: Exchange): number {
  const { live, client } = exchange
  if (live !== null && live.status > 0) return live.status
  return client.statusWritten
}
