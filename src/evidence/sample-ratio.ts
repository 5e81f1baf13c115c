import { conditionalLogE } from './conditional.ts'
import type { ArmCounts } from './counts.ts'
import { orderStrata } from './strata.ts'

export interface SampleRatio {
  /** Requests of both arms that could have gone to either. */
  readonly n: number
  readonly logE: number
  readonly threshold: number
  /** The arms do not get their share of requests: nothing that compares them can be trusted. */
  readonly isBroken: boolean
}

/**
 * Do the arms get requests as their routing probabilities say? The conditional form with requests as events and a
 * margin of 1, averaged over both directions (the mean of two e-values is one). `alpha` is the chance of a false alarm.
 */
export function sampleRatio(arms: readonly ArmCounts[], alpha: number): SampleRatio {
  const strata = orderStrata(
    arms.map(({ rho, canary, primary }) => ({ rho, canary: canary.requests, primary: primary.requests })),
  )
  let n = 0
  for (const { canary, primary } of strata) n += canary + primary
  const over = conditionalLogE('harm', strata, 1)
  const under = conditionalLogE('safe', strata, 1)
  const larger = Math.max(over, under)
  const logE = larger + Math.log1p(Math.exp(-Math.abs(over - under))) - Math.LN2
  const threshold = Math.log(1 / alpha)
  return { n, logE, threshold, isBroken: logE >= threshold }
}
