import { GRID_POINTS, gridFraction, mixtureLogE, type Side } from './mixture.ts'

/** Filled anew by every call and never handed out: a look at each window must not allocate. */
const scratch = new Float64Array(GRID_POINTS)

/**
 * The log of the e-process for an outcome in [0, 1] that takes the values `values[j]` `counts[j]` times, against a bound
 * `q` on its mean: `safe` tests H0 "mean >= q", `harm` tests H0 "mean <= q". Under H0 the chance that it ever reaches
 * ln(1/alpha) is at most alpha, whenever and however often one looks (Ville). 0 without votes.
 *
 * A bet on each of 32 ratios RR of the alternative's mean to q, averaged: each factor 1 + (RR - 1)(v - q)/(1 - q) has
 * mean <= 1 under H0 and is the likelihood ratio itself when v is 0 or 1. Waudby-Smith & Ramdas 2024, section 4.
 *
 * Throws a RangeError unless 0 < q < 1: a mean of 0 can be refuted, never shown.
 */
export function boundedLogE(side: Side, values: readonly number[], counts: readonly number[], q: number): number {
  fillBoundedTerms(side, values, counts, q, scratch)
  return mixtureLogE(scratch)
}

/** The log of each component of `boundedLogE`, into `terms` (32 numbers). */
export function fillBoundedTerms(
  side: Side,
  values: readonly number[],
  counts: readonly number[],
  q: number,
  terms: Float64Array,
): void {
  if (!(q > 0 && q < 1)) throw new RangeError(`a bound on a mean in [0, 1] lies between 0 and 1, not at ${q}`)
  const lnInverse = -Math.log(q)
  for (let k = 0; k < GRID_POINTS; k++) {
    const fraction = gridFraction(k)
    const excess = side === 'safe' ? fraction - 1 : Math.expm1(fraction * lnInverse)
    const stake = excess / (1 - q)
    let term = 0
    for (let j = 0; j < values.length; j++) {
      const count = counts[j] as number
      if (count > 0) term += count * Math.log1p(stake * ((values[j] as number) - q))
    }
    terms[k] = term
  }
}
