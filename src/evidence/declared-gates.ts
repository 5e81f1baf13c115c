import { armGate, type ArmMargin } from './arm-gates.ts'
import type { ArmCounts, PairCounts } from './counts.ts'
import type { GateResult, Levels } from './gate.ts'
import { agreementBelowNoiseGate, agreementGate, errorsGate, latencyGate, slowdownGate } from './paired-gates.ts'
import { grouped } from './words.ts'

/** What a gate needs before it counts a vote: enough traffic to choose its threshold from, or the primary's share. */
export interface Choice {
  /** What is missing, as a sentence: `its threshold is not chosen yet`. */
  readonly missing: string
  readonly counted: number
  readonly needed: number
  /** What is counted, in the plural. */
  readonly what: string
}

/**
 * A gate as the routing file declares it. `weight`: its part of alpha.rollback against the others, over 0. `choice`: null
 * or absent when nothing is left to be chosen.
 */
export type DeclaredGate = { readonly weight?: number; readonly choice?: Choice | null } & (
  | { readonly gate: 'agreement'; readonly min: number }
  | { readonly gate: 'agreement'; readonly belowNoise: number }
  | { readonly gate: 'errors'; readonly maxIncrease: number }
  | { readonly gate: 'latency'; readonly maxIncrease: number }
  | { readonly gate: 'time_to_first_token'; readonly maxIncrease: number }
  | { readonly gate: 'slowdown'; readonly medianRatio: number }
  | ({ readonly gate: 'canary_errors' | 'canary_latency' } & ArmMargin)
)

export interface Alpha {
  /** Chance of a false rollback, over all gates and looks. */
  readonly rollback: number
  /** Chance of a wrong promotion. */
  readonly promote: number
}

/**
 * Every declared gate judged from the counts, in the order of declaration. alpha.rollback is shared out over all of them,
 * those without votes too: a share must not depend on the data.
 */
export function evaluateGates(
  declared: readonly DeclaredGate[],
  pairs: PairCounts,
  arms: readonly ArmCounts[],
  alpha: Alpha,
): GateResult[] {
  let weights = 0
  for (const { weight } of declared) weights += weight ?? 1
  return declared.map(each => {
    const harm = (alpha.rollback * (each.weight ?? 1)) / weights
    const levels = { harm, safe: alpha.promote, interval: alpha.promote }
    return whileChoosing(evaluateGate(each, pairs, arms, levels), each.choice ?? null)
  })
}

/** Has no votes, however much traffic there is: says how far the choice has come instead. */
function whileChoosing(gate: GateResult, choice: Choice | null): GateResult {
  if (choice === null || gate.n > 0) return gate
  const { missing, counted, needed, what } = choice
  const isEnough = counted >= needed
  const how = isEnough ? 'it is at the end of the warm-up' : `${grouped(counted)} of ${grouped(needed)} ${what}`
  return { ...gate, reason: `${gate.id}: ${missing}, ${how}` }
}

function evaluateGate(
  declared: DeclaredGate,
  pairs: PairCounts,
  arms: readonly ArmCounts[],
  levels: Levels,
): GateResult {
  switch (declared.gate) {
    case 'agreement':
      return 'min' in declared
        ? agreementGate(pairs.agreement, declared.min, levels)
        : agreementBelowNoiseGate(pairs.belowNoise, declared.belowNoise, levels)
    case 'errors':
      return errorsGate(pairs.errors, declared.maxIncrease, levels)
    case 'latency':
      return latencyGate(pairs.latency, declared.maxIncrease, levels)
    case 'time_to_first_token':
      return latencyGate(pairs.firstToken, declared.maxIncrease, levels, declared.gate)
    case 'slowdown':
      return slowdownGate(pairs.slowdown, declared.medianRatio, levels)
    case 'canary_errors':
      return armGate(declared.gate, 'errors', arms, declared, levels)
    case 'canary_latency':
      return armGate(declared.gate, 'slow', arms, declared, levels)
  }
}
