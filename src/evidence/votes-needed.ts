import { mixtureLogE } from './mixture.ts'

/** More than this many times the votes so far is no estimate any more. */
const FARTHEST = 1e6
/** Halvings of the last bracket, a factor of two: the answer is read to two digits. */
const HALVINGS = 10

/**
 * About how many more votes like the `n` seen so far the evidence of these components needs to reach `threshold`: each
 * component grows in proportion to the votes, so the same mixture at a larger scale says when. 0 when it is there
 * already, null when the evidence does not drift that way.
 */
export function votesNeeded(terms: Float64Array, n: number, threshold: number): number | null {
  if (n === 0) return null
  if (mixtureLogE(terms) >= threshold) return 0
  let enough = 1
  do {
    enough *= 2
    if (enough > FARTHEST) return null
  } while (mixtureLogE(terms, enough) < threshold)
  let short = enough / 2
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (short + enough) / 2
    if (mixtureLogE(terms, middle) < threshold) short = middle
    else enough = middle
  }
  return Math.ceil(n * (enough - 1))
}
