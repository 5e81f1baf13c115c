import { fillConditionalTerms } from './conditional.ts'
import type { ArmCounts } from './counts.ts'
import { fillBoundedTerms } from './e-process.ts'
import {
  countedVotes,
  decidable,
  gateState,
  openReason,
  sooner,
  thresholds,
  type GateResult,
  type Levels,
} from './gate.ts'
import { GRID_POINTS, mixtureLogE } from './mixture.ts'
import { ratioInterval, type RatioInterval } from './risk-ratio.ts'
import { orderStrata } from './strata.ts'
import { votesNeeded } from './votes-needed.ts'
import { percent, points, times } from './words.ts'

/** The bad outcomes that arms are compared by: failed requests, or requests over the latency threshold. */
export type ArmOutcome = 'errors' | 'slow'

export interface ArmMargin {
  /** Harm: the canary's clients meet a bad outcome over this many times as often as the primary's. */
  readonly maxRatio: number
  /** Safe: the canary's share of bad outcomes is at most the primary's frozen one plus this. */
  readonly maxIncrease: number
  /** The primary's share of bad outcomes, from windows that are not used for the test; null until it is known. */
  readonly frozenPrimaryRate: number | null
}

const YES_OR_NO = [0, 1] as const

/** Filled anew by every call. */
const safeTerms = new Float64Array(GRID_POINTS)
const harmTerms = new Float64Array(GRID_POINTS)

/**
 * Do the canary's clients fare worse than the primary's? Harm is judged given the bad events alone, stratum by stratum,
 * which a ramp cannot confound; safe by the canary's own share. Estimate, interval and margin are risk ratios; votes are
 * requests of the canary, those at a probability of 1 among them. Throws a RangeError unless maxRatio > 0.
 */
export function armGate(
  id: string,
  outcome: ArmOutcome,
  arms: readonly ArmCounts[],
  margin: ArmMargin,
  levels: Levels,
): GateResult {
  let n = 0
  let bad = 0
  for (const { canary } of arms) {
    n += canary.requests
    bad += canary[outcome]
  }
  const strata = orderStrata(
    arms.map(({ rho, canary, primary }) => ({ rho, canary: canary[outcome], primary: primary[outcome] })),
  )
  fillConditionalTerms('harm', strata, margin.maxRatio, harmTerms)
  const limit = margin.frozenPrimaryRate === null ? null : margin.frozenPrimaryRate + margin.maxIncrease
  if (limit === null) safeTerms.fill(0)
  else fillBoundedTerms('safe', YES_OR_NO, [n - bad, bad], decidable(limit), safeTerms)
  const logE = { harm: mixtureLogE(harmTerms), safe: mixtureLogE(safeTerms) }
  const threshold = thresholds(levels)
  const state = gateState(n, logE, threshold)
  const ratio = ratioInterval(strata, levels.interval)
  const needed =
    state === 'open'
      ? sooner(votesNeeded(safeTerms, n, threshold.safe), votesNeeded(harmTerms, n, threshold.harm))
      : sooner(null, null)
  return {
    id,
    kind: 'arms',
    n,
    estimate: n === 0 ? null : ratio.estimate,
    interval: [ratio.lower, ratio.upper],
    margin: margin.maxRatio,
    logE,
    threshold,
    state,
    reason: reason(),
    votesNeeded: needed.count,
  }

  function reason(): string {
    if (n === 0) return `${id}: no canary requests yet`
    const finding = `${percent(bad / n)} of ${countedVotes(n, 'canary requests')}, ${ratioInWords(ratio)}`
    if (state === 'harm') return `${id} harm: ${finding}, at most ${times(margin.maxRatio)} asked`
    if (limit === null) return `${id} open: the primary's share is not known yet (${finding})`
    const asked = `at most ${percent(limit)} asked, ${points(margin.maxIncrease)} over the primary`
    if (state === 'safe') return `${id} safe: ${finding}, ${asked}`
    return openReason(id, needed, 'canary requests', `${finding}, ${asked}`)
  }
}

function ratioInWords({ estimate, lower, upper }: RatioInterval): string {
  if (upper === null) return lower === 0 ? 'no ratio to the primary yet' : `at least ${times(lower)} the primary's`
  const between = `between ${times(lower)} and ${times(upper)} the primary's`
  return estimate === null ? between : `${times(estimate)} the primary's, ${between}`
}
