import { boundedLogE } from './e-process.ts'

export interface PercentileInterval {
  readonly n: number
  /** The upper edge of the bucket that holds the percentile; null: over the last edge, or nothing counted. */
  readonly estimate: number | null
  /** 0 when nothing bounds it from below. */
  readonly lower: number
  /** null when nothing bounds it from above. */
  readonly upper: number | null
}

/** 100 - 99.9 is a little less than 0.1: without it a share of exactly 0.1 % would be over it. */
const ROUNDING = 1e-9
const YES_OR_NO = [0, 1] as const

/**
 * Confidence sequence at `alpha` for a percentile (0 to 100, exclusive) of a histogram, in the unit of its edges:
 * bucket i counts values in (edges[i-1], edges[i]], the last one, `counts[edges.length]`, all over the last edge. "The
 * share above x is 1 - p" is tested at every edge; the interval reaches from the largest edge that is shown to lie below
 * the percentile to the smallest that is shown not to. The edges that are not rejected lie inside; the ends must be
 * rejected ones, because with many values two neighbouring edges are and the percentile lies between them.
 */
export function percentileInterval(
  edges: readonly number[],
  counts: readonly number[],
  percentile: number,
  alpha: number,
): PercentileInterval {
  const q = (100 - percentile) / 100
  const bar = Math.log(2 / alpha)
  let n = 0
  for (const count of counts) n += count
  let estimate: number | null = null
  let lower = 0
  let upper: number | null = null
  if (n === 0) return { n, estimate, lower, upper }
  let above = n
  for (let i = 0; i < edges.length && upper === null; i++) {
    const edge = edges[i] as number
    above -= counts[i] as number
    const votes = [n - above, above]
    if (estimate === null && above <= q * n * (1 + ROUNDING)) estimate = edge
    if (boundedLogE('harm', YES_OR_NO, votes, q) >= bar) lower = edge
    else if (boundedLogE('safe', YES_OR_NO, votes, q) >= bar) upper = edge
  }
  return { n, estimate, lower, upper }
}
