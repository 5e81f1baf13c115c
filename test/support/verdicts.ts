import type { ExperimentPlan } from '../../src/config/snapshot.ts'
import { latencyBucket } from '../../src/wire/latency-grid.ts'
import { bumpLatencies, emptyCounts, type SealedWindow } from '../../src/wire/window.ts'
import { experimentPlan } from './pairs.ts'

export const START = 1_700_000_000

export interface SecondOfPairs {
  readonly agree?: number
  readonly disagree?: number
  readonly shadowErrors?: number
  readonly dropped?: number
  /** Microseconds. */
  readonly primaryUs?: number
  readonly shadowUs?: number
  /** Of the event loop at each of the twenty looks of the second, microseconds. */
  readonly lagUs?: number
}

/** The sealed window of one second with such pairs, all alike in their latencies. */
export function windowOf(
  second: number,
  pairs: SecondOfPairs,
  experiment = experimentPlan().id,
  origin = 't',
): SealedWindow {
  const {
    agree = 0,
    disagree = 0,
    shadowErrors = 0,
    dropped = 0,
    primaryUs = 2_000,
    shadowUs = 2_000,
    lagUs = 0,
  } = pairs
  const counts = emptyCounts()
  const total = agree + disagree + shadowErrors
  counts.eligible = total + dropped
  counts.sampled = total + dropped
  counts.dropped.overloaded = dropped
  counts.sent = total
  counts.pairs = total
  counts.outcomes.agree = agree
  counts.outcomes.disagree = disagree
  counts.outcomes.shadow_error = shadowErrors
  for (let i = 0; i < agree + disagree; i++) bumpLatencies(counts, primaryUs, shadowUs, 1.1)
  for (let i = 0; i < shadowErrors; i++) bumpLatencies(counts, primaryUs, Infinity, 1.1)
  counts.loopLag = { [latencyBucket(lagUs)]: 20 }
  return { schema: 'understudy.window/1', experiment, origin, second, counts }
}

/** The plan of the tests' experiment, decided within seconds of traffic. */
export function quickPlan(changes: Partial<ExperimentPlan['verdict']> = {}): ExperimentPlan {
  const plan = experimentPlan()
  return { ...plan, verdict: { ...plan.verdict, warmUpMs: 5_000, minPairs: 500, minDurationMs: 20_000, ...changes } }
}
