import { conditionalLogE } from './conditional.ts'
import { findCrossing } from './crossing.ts'
import type { Stratum } from './strata.ts'

/** Ratios beyond these are no longer told apart from 0 and from "without bound". */
const LEAST = 1e-9
const LARGEST = 1e9
/** The first step of the search, and how it grows, as natural logarithms of a ratio. */
const FIRST_STEP = 0.1

export interface RatioInterval {
  /** The most likely common risk ratio; null when no event, or none of the primary's, was seen. */
  readonly estimate: number | null
  readonly lower: number
  /** null: no bound, as when the primary had no event. */
  readonly upper: number | null
}

/**
 * Confidence sequence at `alpha` for the risk ratio canary / primary: every ratio that neither side of the conditional
 * e-process rejects at alpha/2. Both sides are monotone in the ratio. `strata` in the order of `orderStrata`.
 */
export function ratioInterval(strata: readonly Stratum[], alpha: number): RatioInterval {
  let canary = 0
  let primary = 0
  for (const stratum of strata) {
    canary += stratum.canary
    primary += stratum.primary
  }
  const likeliest = likeliestRatio(strata, canary, primary)
  const estimate = canary + primary === 0 || likeliest === LARGEST ? null : likeliest
  const bar = Math.log(2 / alpha)
  const start = Math.log(Math.min(LARGEST, Math.max(LEAST, likeliest)))
  const lower = canary === 0 ? null : search(x => conditionalLogE('harm', strata, Math.exp(x)) - bar, start, -1)
  const upper = primary === 0 ? null : search(x => conditionalLogE('safe', strata, Math.exp(x)) - bar, start, 1)
  return {
    estimate,
    lower: lower === null ? 0 : Math.exp(lower),
    upper: upper === null ? null : Math.exp(upper),
  }
}

/** Where the expected number of the canary's events, given all events, is the observed one. */
function likeliestRatio(strata: readonly Stratum[], canary: number, primary: number): number {
  if (canary === 0) return 0
  if (primary === 0) return LARGEST
  const surplus = (x: number): number => {
    const ratio = Math.exp(x)
    let expected = 0
    for (const { rho, canary, primary } of strata) {
      expected += ((canary + primary) * rho * ratio) / (1 - rho + rho * ratio)
    }
    return expected - canary
  }
  return Math.exp(findCrossing(surplus, Math.log(LEAST), Math.log(LARGEST)))
}

/** Where `f`, negative at `start`, crosses zero in the given direction of ln ratio; null when it does not. */
function search(f: (x: number) => number, start: number, direction: 1 | -1): number | null {
  let inside = start
  for (let step = FIRST_STEP; ; step *= 2) {
    const x = inside + direction * step
    if (x < Math.log(LEAST) || x > Math.log(LARGEST)) return null
    if (f(x) >= 0) return findCrossing(f, inside, x)
    inside = x
  }
}
