import type { AgreementCounts, PairedDifference, SlowdownCounts } from './counts.ts'
import type { GateResult, Levels } from './gate.ts'
import { evaluateMean } from './mean-gate.ts'
import { percent, points } from './words.ts'

const YES_OR_NO = [0, 1] as const
/** (D + 1) / 2 of a paired difference D: better, same, worse. */
const DIFFERENCE = [0, 0.5, 1] as const

/** A control answers few exchanges; below this many the noise itself is hardly known. */
const MIN_CONTROL_VOTES = 500

const identity = (mean: number): number => mean
const complement = (mean: number): number => 1 - mean
const difference = (mean: number): number => 2 * mean - 1

/** Is the share of agreeing pairs at least `min`? All figures are that share. */
export function agreementGate(counts: AgreementCounts, min: number, levels: Levels): GateResult {
  return evaluateMean(
    {
      id: 'agreement',
      values: YES_OR_NO,
      q: 1 - min,
      margin: min,
      shown: complement,
      words: percent,
      demand: `at least ${percent(min)}`,
      votes: 'pairs',
      minVotes: 0,
    },
    [counts.agree, counts.disagree],
    levels,
  )
}

/**
 * Does the shadow disagree with the primary at most `belowNoise` more often than the primary with itself? Votes are
 * exchanges that have both a shadow and a control; figures are the difference of the two shares of disagreement.
 */
export function agreementBelowNoiseGate(counts: PairedDifference, belowNoise: number, levels: Levels): GateResult {
  return pairedDifference('agreement', counts, belowNoise, levels, 'pairs with a control', MIN_CONTROL_VOTES)
}

/** Does the shadow fail at most `maxIncrease` more often than the primary? Figures are the difference of the shares. */
export function errorsGate(counts: PairedDifference, maxIncrease: number, levels: Levels): GateResult {
  return pairedDifference('errors', counts, maxIncrease, levels, 'pairs', 0)
}

/**
 * Is the shadow over a latency threshold at most `maxIncrease` more often than the primary? Figures are the difference
 * of the shares. The threshold must have been chosen before the pairs that are counted. `id` names the latency: the
 * time to the first token and the length of a generation are judged alike.
 */
export function latencyGate(counts: PairedDifference, maxIncrease: number, levels: Levels, id = 'latency'): GateResult {
  return pairedDifference(id, counts, maxIncrease, levels, 'pairs', 0)
}

/** Is the median of shadow / primary latency at most `medianRatio`? Figures are the share of pairs over that ratio. */
export function slowdownGate(counts: SlowdownCounts, medianRatio: number, levels: Levels): GateResult {
  return evaluateMean(
    {
      id: 'slowdown',
      values: YES_OR_NO,
      q: 0.5,
      margin: 0.5,
      shown: identity,
      words: share => `${percent(share)} over x ${medianRatio}`,
      demand: 'at most half',
      votes: 'pairs',
      minVotes: 0,
    },
    [counts.notSlower, counts.slower],
    levels,
  )
}

/**
 * Is the mean of a badness in [0, 1] at most `max`? `edges` are the upper edges of its buckets, which can only make
 * the candidate look worse, `counts` the pairs in each.
 */
export function scoreGate(
  edges: readonly number[],
  counts: readonly number[],
  max: number,
  levels: Levels,
): GateResult {
  return evaluateMean(
    {
      id: 'score',
      values: edges,
      q: max,
      margin: max,
      shown: identity,
      words: mean => String(Number(mean.toPrecision(3))),
      demand: `at most ${max}`,
      votes: 'pairs',
      minVotes: 0,
    },
    counts,
    levels,
  )
}

function pairedDifference(
  id: string,
  counts: PairedDifference,
  margin: number,
  levels: Levels,
  votes: string,
  minVotes: number,
): GateResult {
  return evaluateMean(
    {
      id,
      values: DIFFERENCE,
      q: (1 + margin) / 2,
      margin,
      shown: difference,
      words: points,
      demand: `at most ${points(margin)}`,
      votes,
      minVotes,
    },
    [counts.better, counts.same, counts.worse],
    levels,
  )
}
