import { coverage, lostCount, mainLoss, type CoverageCounts } from './coverage.ts'
import { isDependent, lag1Autocorrelation } from './dependence.ts'
import type { SampleRatio } from './sample-ratio.ts'
import { duration, grouped, percent } from './words.ts'

/** Why the evidence of an experiment must not be used. */
export const INVALID_CODES = [
  'settings_changed', // versions, margins or comparison settings changed under the same id
  'sample_ratio', // the arms do not get their share of requests
  'comparator_failed', // the comparator failed on too many pairs
  'coverage', // so much was lost that it could tip the agreement gate
  'dependent_votes', // votes of neighbouring batches depend on each other
  'event_loop_lag', // the proxy itself is too slow for the latency it measures
] as const
export type InvalidCode = (typeof INVALID_CODES)[number]

export interface Invalidity {
  readonly code: InvalidCode
  readonly reason: string
}

export interface ValidityInput {
  /** Did versions or settings change under the same experiment id? */
  readonly settingsChanged: boolean
  /** null where there is no canary. */
  readonly sampleRatio: SampleRatio | null
  /** Pairs the comparator was given, and those it failed on itself. */
  readonly comparator: { readonly pairs: number; readonly failed: number }
  readonly coverage: CoverageCounts
  /** The least share of coverage, 0 to 1, and the number of pairs, that promotion asks for. */
  readonly leastCoverage: number
  readonly minPairs: number
  /** The share of agreement that is asked for (below noise: the control's share minus the margin); null without gate. */
  readonly agreementAsked: number | null
  /** Mean badness of consecutive batches of votes, by gate; windows in order of arrival. */
  readonly batchMeans: Readonly<Record<string, readonly number[]>>
  /** What the 99th percentile of the event loop's lag is shown to exceed, microseconds. */
  readonly loopLagUs: number
  /** The latency threshold, microseconds; null without one. */
  readonly latencyMarginUs: number | null
}

/** Share of pairs. A single failure is none yet: the first pairs would be over any share. */
const COMPARATOR_FAILURES_MAX = 0.001
/** Coverage is judged once this many times min_pairs exchanges were to be compared: an overload at the start passes. */
const COVERAGE_PATIENCE = 10
/** The lag is part of both latencies; a tenth of what is judged does not tip it. */
const LAG_SHARE_MAX = 0.1

/** The first rule that is broken; null when the evidence may be used. */
export function findInvalidity(input: ValidityInput): Invalidity | null {
  if (input.settingsChanged) {
    return { code: 'settings_changed', reason: 'versions or settings changed under the same experiment' }
  }
  return brokenSplit(input) ?? brokenComparator(input) ?? tippingLoss(input) ?? dependentVotes(input) ?? slowLoop(input)
}

function brokenSplit({ sampleRatio }: ValidityInput): Invalidity | null {
  if (sampleRatio === null || !sampleRatio.isBroken) return null
  const reason = `the canary does not get its share of ${grouped(sampleRatio.n)} requests: the split itself is broken`
  return { code: 'sample_ratio', reason }
}

function brokenComparator({ comparator: { pairs, failed } }: ValidityInput): Invalidity | null {
  if (failed <= COMPARATOR_FAILURES_MAX * Math.max(pairs, 1 / COMPARATOR_FAILURES_MAX)) return null
  const share = `${grouped(failed)} of ${grouped(pairs)} pairs`
  return { code: 'comparator_failed', reason: `the comparator failed on ${share}, more than 0.1 %` }
}

function tippingLoss(input: ValidityInput): Invalidity | null {
  const asked = input.agreementAsked
  if (asked === null) return null
  const { share, bounds } = coverage(input.coverage)
  const wanted = input.coverage.agree + input.coverage.disagree + lostCount(input.coverage)
  if (share === null || share >= input.leastCoverage || wanted < COVERAGE_PATIENCE * input.minPairs) return null
  if (asked <= bounds[0] || asked > bounds[1]) return null
  const range = `between ${percent(bounds[0])} and ${percent(bounds[1])}`
  const loss = `coverage is ${percent(share)}, most was lost to ${mainLoss(input.coverage) ?? 'nothing'}`
  return { code: 'coverage', reason: `${loss}: agreement may be anything ${range}, ${percent(asked)} asked` }
}

function dependentVotes({ batchMeans }: ValidityInput): Invalidity | null {
  for (const gate of Object.keys(batchMeans).sort()) {
    const means = batchMeans[gate] as readonly number[]
    if (!isDependent(means)) continue
    const lag1 = (lag1Autocorrelation(means) as number).toFixed(2)
    const reason = `${gate}: votes depend on their neighbours (lag-1 autocorrelation ${lag1}, at most 0.2); set unit:`
    return { code: 'dependent_votes', reason }
  }
  return null
}

function slowLoop({ loopLagUs, latencyMarginUs }: ValidityInput): Invalidity | null {
  if (latencyMarginUs === null || loopLagUs <= LAG_SHARE_MAX * latencyMarginUs) return null
  const lag = `${(loopLagUs / 1_000).toFixed(1)} ms`
  const margin = latencyMarginUs >= 2_000_000 ? duration(latencyMarginUs / 1_000) : `${latencyMarginUs / 1_000} ms`
  return {
    code: 'event_loop_lag',
    reason: `the event loop lags over ${lag} (p99), more than a tenth of the ${margin} judged`,
  }
}
