/** Which way evidence points: `safe` speaks against "the candidate is over the margin", `harm` against "it is within". */
export type Side = 'safe' | 'harm'

/** Points of the grid of alternatives: finer gains nothing (the cost of mixing is ln K), coarser misses small effects. */
export const GRID_POINTS = 32

const LN_GRID_POINTS = Math.log(GRID_POINTS)

/** Where grid point `k` lies in (0, 1): the middle of its cell. */
export function gridFraction(k: number): number {
  return (k + 0.5) / GRID_POINTS
}

/**
 * ln of the mean of exp(scale * term) over the grid: the log of a mixture e-value from the log of each component
 * (log-sum-exp, shifted by the largest so that nothing overflows at 10^12 votes). `scale` asks what the same evidence,
 * repeated that often, would be.
 */
export function mixtureLogE(terms: Float64Array, scale = 1): number {
  let largest = Number.NEGATIVE_INFINITY
  for (let k = 0; k < GRID_POINTS; k++) {
    const term = terms[k] as number
    if (term > largest) largest = term
  }
  let sum = 0
  for (let k = 0; k < GRID_POINTS; k++) sum += Math.exp(scale * ((terms[k] as number) - largest))
  return scale * largest + Math.log(sum) - LN_GRID_POINTS
}
