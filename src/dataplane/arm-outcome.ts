import { ERRORS } from '../errors.ts'
import { packArmRequest } from '../wire/arm-votes.ts'
import { latencyBucket } from '../wire/latency-grid.ts'
import type { Assignment, Exchange } from './exchange.ts'
import { closeIfSettled } from './shadow/slot.ts'
import type { SecondTally } from './tallies.ts'

/**
 * Counts the outcome of a request by the arm it was assigned to. The canary did not answer those that fell back to the
 * primary: they count as failed, or a dead canary would look as good as the primary. A client that went away counts with
 * the time it had waited, and a stream that is still going on with the time it has taken so far.
 */
export function countArmOutcome(exchange: Exchange, { arm, key, canary }: Assignment): void {
  const { live, plane } = exchange
  const failed = (arm === 'canary' && exchange.arm === 'primary') || answerFailed(exchange)
  const latencyUs = live?.ended === true ? live.latencyUs : plane.clock.nowUs() - exchange.arrivedAtUs
  const tally = exchange.tally as SecondTally
  packArmRequest(tally.arms(canary.experiment), {
    arrivedAtUs: exchange.assignedAtUs,
    key,
    percent: canary.percent,
    arm,
    failed,
    latencyBucket: latencyBucket(failed ? Infinity : latencyUs),
  })
  exchange.assignment = null
  closeIfSettled(exchange)
}

/** Without a leg it is the proxy that answered: for want of the arm, or because the request was the client's mistake. */
function answerFailed({ live, client }: Exchange): boolean {
  if (live === null) return client.statusWritten >= 500
  const isAnothers = live.error === 'DRAINING' || (live.error !== null && ERRORS[live.error].source === 'client')
  return isAnothers ? live.rejects : live.hasFailed
}
