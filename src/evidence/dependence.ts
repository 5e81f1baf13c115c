/** Batches whose means go together more than this are no independent evidence. */
const LAG_1_MAX = 0.2
/** Standard errors an autocorrelation must show: looked at every second, less would be met by chance. */
const STANDARD_ERRORS = 4

/**
 * Lag-1 autocorrelation of the mean badness of consecutive batches of votes; null when there is none to compute (fewer
 * than three batches, or all alike).
 */
export function lag1Autocorrelation(means: readonly number[]): number | null {
  const moments = centralMoments(means)
  return moments === null ? null : moments.product / moments.squares
}

/**
 * Do the votes of neighbouring batches depend on each other? The autocorrelation must be over 0.2 and over 4 standard
 * errors of independent batches, 1/sqrt(batches). When a few batches hold all the variance (rare failures), they are
 * all there is to go by: (sum d^2)^2 / sum d^4 is a third of the batches for bell-shaped means and 1 for a single spike.
 */
export function isDependent(means: readonly number[]): boolean {
  const moments = centralMoments(means)
  if (moments === null) return false
  const { squares, fourths, product } = moments
  const informative = Math.min(means.length, (3 * squares * squares) / fourths)
  return product / squares > Math.max(LAG_1_MAX, STANDARD_ERRORS / Math.sqrt(informative))
}

interface Moments {
  readonly squares: number
  readonly fourths: number
  /** Sum of the products of neighbours. */
  readonly product: number
}

function centralMoments(means: readonly number[]): Moments | null {
  if (means.length < 3) return null
  let sum = 0
  for (const mean of means) sum += mean
  const centre = sum / means.length
  let squares = 0
  let fourths = 0
  let product = 0
  let before = 0
  for (const mean of means) {
    const deviation = mean - centre
    const square = deviation * deviation
    squares += square
    fourths += square * square
    product += before * deviation
    before = deviation
  }
  // Rounding alone leaves about 1e-32 an entry where all means are alike.
  return squares <= 1e-30 * means.length || fourths === 0 ? null : { squares, fourths, product }
}
