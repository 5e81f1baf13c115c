import { compareAnswers } from '../../src/analysis/compare/compare-answers.ts'
import { comparePair } from '../../src/analysis/compare/compare-pair.ts'
import { CostCap } from '../../src/analysis/compare/cost-cap.ts'
import { PairBodies } from '../../src/analysis/pair-bodies.ts'
import type { Payload } from '../../src/analysis/payloads/payload.ts'
import type { ComparePlan } from '../../src/config/snapshot.ts'
import type { Comparison } from '../../src/sinks/findings.ts'
import type { FrameLeg, PairFrame } from '../../src/wire/pair-frame.ts'
import { comparePlan, experimentPlan, leg, pairFrame } from './pairs.ts'

/** Compares two answers of the infer call (or of `frame.path`); a comparator that fails fails the test. */
export function compare(
  primary: string | FrameLeg,
  shadow: string | FrameLeg,
  plan: Partial<ComparePlan> | null = {},
  frame: Partial<PairFrame> = {},
): Comparison {
  const [ours, theirs] = [primary, shadow].map(side => (typeof side === 'string' ? leg(side) : side)) as [
    FrameLeg,
    FrameLeg,
  ]
  const pair = pairFrame(ours, theirs, frame)
  const experiment = experimentPlan({ compare: plan === null ? null : comparePlan(plan) })
  return comparePair(pair, experiment, new PairBodies(pair), (_level, message, fields) => {
    throw new Error(`${message}: ${JSON.stringify(fields)}`)
  })
}

/** Enough for everything a test compares. */
export function ample(): CostCap {
  return new CostCap(60_000)
}

/** Compares two answers as the decoders give them. */
export function comparePayloads(primary: Payload, shadow: Payload, plan: Partial<ComparePlan> = {}): Comparison {
  return compareAnswers(primary, shadow, comparePlan(plan), ample())
}
