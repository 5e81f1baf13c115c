import { armGate, type ArmMargin } from './arm-gates.ts'
import type { ArmCounts, PairCounts } from './counts.ts'
import type { GateResult, Levels } from './gate.ts'
import { agreementBelowNoiseGate, agreementGate, errorsGate, latencyGate, slowdownGate } from './paired-gates.ts'

/** A gate as the routing file declares it. `weight`: its part of alpha.rollback against the others, over 0. */
export type DeclaredGate = { readonly weight?: number } & (
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
    return evaluateGate(each, pairs, arms, { harm, safe: alpha.promote, interval: alpha.promote })
  })
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
