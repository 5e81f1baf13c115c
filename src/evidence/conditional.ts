import { GRID_POINTS, gridFraction, mixtureLogE, type Side } from './mixture.ts'
import type { Stratum } from './strata.ts'

/** The harm grid reaches from the margin to 32 times the margin. */
const LN_LARGEST_HARM = Math.log(32)

/** Filled anew by every call and never handed out, as in e-process.ts. */
const scratch = new Float64Array(GRID_POINTS)

/**
 * The log of the e-process for the ratio of the canary's risk to the primary's, given only that a bad event happened
 * and with which routing probability: `harm` tests H0 "ratio <= margin", `safe` H0 "ratio >= margin". Under H0 it
 * reaches ln(1/alpha) with a chance of at most alpha, whatever the looks, the ramp, and the course of the common risk:
 * an incident of both arms changes how many events there are, not whose they are. 0 without events.
 *
 * An event is the canary's with probability rho r / (1 - rho + rho r) at ratio r; each grid point is a likelihood ratio.
 * Lindon & Malek 2022. `strata` in the order of `orderStrata`. Throws a RangeError unless margin > 0.
 */
export function conditionalLogE(side: Side, strata: readonly Stratum[], margin: number): number {
  fillConditionalTerms(side, strata, margin, scratch)
  return mixtureLogE(scratch)
}

/** The log of each component of `conditionalLogE`, into `terms` (32 numbers). */
export function fillConditionalTerms(
  side: Side,
  strata: readonly Stratum[],
  margin: number,
  terms: Float64Array,
): void {
  if (!(margin > 0 && margin < Infinity)) throw new RangeError(`a risk ratio is over 0, not ${margin}`)
  let canary = 0
  // ln of 1 - rho + rho r, the weight of both arms, at the margin: the same for every grid point.
  let atMargin = 0
  for (const stratum of strata) {
    canary += stratum.canary
    atMargin += (stratum.canary + stratum.primary) * Math.log1p(stratum.rho * (margin - 1))
  }
  for (let k = 0; k < GRID_POINTS; k++) {
    const lnFactor = side === 'harm' ? gridFraction(k) * LN_LARGEST_HARM : Math.log(gridFraction(k))
    const excess = margin * Math.exp(lnFactor) - 1
    let term = canary * lnFactor + atMargin
    for (let s = 0; s < strata.length; s++) {
      const stratum = strata[s] as Stratum
      term -= (stratum.canary + stratum.primary) * Math.log1p(stratum.rho * excess)
    }
    terms[k] = term
  }
}
