import { meanInterval } from './confidence-sequence.ts'
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
import { votesNeeded } from './votes-needed.ts'

/** A question about the mean of a badness in [0, 1], and how its answer is shown. */
export interface MeanQuestion {
  readonly id: string
  /** The values a vote can take. */
  readonly values: readonly number[]
  /** The largest mean that is within the margin. */
  readonly q: number
  /** The margin as it was declared. */
  readonly margin: number
  /** From a mean badness to the unit of the margin. */
  readonly shown: (mean: number) => number
  /** That unit in words: an estimate of the margin's kind. */
  readonly words: (shown: number) => string
  /** What the margin asks for: `at least 99 %`. */
  readonly demand: string
  /** What a vote is, in the plural. */
  readonly votes: string
  /** Fewer votes decide nothing. */
  readonly minVotes: number
}

/** Filled anew by every call. */
const safeTerms = new Float64Array(GRID_POINTS)
const harmTerms = new Float64Array(GRID_POINTS)

/** `counts[j]` votes for `question.values[j]`. Never throws: a margin of 0 or of everything is as good as almost that. */
export function evaluateMean(question: MeanQuestion, counts: readonly number[], levels: Levels): GateResult {
  const { id, values, shown, words, votes, minVotes } = question
  const q = decidable(question.q)
  const { n, mean, lower, upper } = meanInterval(values, counts, levels.interval)
  fillBoundedTerms('safe', values, counts, q, safeTerms)
  fillBoundedTerms('harm', values, counts, q, harmTerms)
  const logE = { harm: mixtureLogE(harmTerms), safe: mixtureLogE(safeTerms) }
  const threshold = thresholds(levels)
  const evident = gateState(n, logE, threshold)
  const state = evident !== 'no_data' && n < minVotes ? 'open' : evident
  const ends = [shown(lower), shown(upper)].sort((a, b) => a - b) as [number, number]
  const estimate = mean === null ? null : shown(mean)
  const needed = state === 'open' ? sooner(...moreVotes(n, minVotes, threshold)) : sooner(null, null)
  return {
    id,
    kind: 'pairs',
    n,
    estimate,
    interval: ends,
    margin: question.margin,
    logE,
    threshold,
    state,
    reason: reason(),
    votesNeeded: needed.count,
  }

  function reason(): string {
    if (estimate === null) return `${id}: no ${votes} yet`
    const finding = `${words(estimate)}, between ${words(ends[0])} and ${words(ends[1])}, ${question.demand} asked`
    if (state === 'open') return openReason(id, needed, votes, finding)
    return `${id} ${state}: ${finding}, ${countedVotes(n, votes)}`
  }
}

function moreVotes(
  n: number,
  minVotes: number,
  threshold: { safe: number; harm: number },
): [safe: number | null, harm: number | null] {
  const atLeast = (votes: number | null): number | null => (votes === null ? null : Math.max(votes, minVotes - n))
  return [atLeast(votesNeeded(safeTerms, n, threshold.safe)), atLeast(votesNeeded(harmTerms, n, threshold.harm))]
}
