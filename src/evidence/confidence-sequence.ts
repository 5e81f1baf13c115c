import { findCrossing } from './crossing.ts'
import { boundedLogE } from './e-process.ts'

/** Nothing closer to 0 or 1 is told apart from it: 10^12 votes cannot resolve less. */
const NEAREST = 1e-15

export interface MeanInterval {
  readonly n: number
  /** null without votes. */
  readonly mean: number | null
  readonly lower: number
  readonly upper: number
}

/**
 * Confidence sequence at `alpha` for the mean of an outcome in [0, 1] that took `values[j]` `counts[j]` times: every
 * bound q that neither side of the e-process rejects at alpha/2. It holds at all looks at once. [0, 1] without votes.
 * Howard, Ramdas, McAuliffe & Sekhon 2021, by inversion; both sides are monotone in q, so each end is one crossing.
 */
export function meanInterval(values: readonly number[], counts: readonly number[], alpha: number): MeanInterval {
  let n = 0
  let sum = 0
  let squares = 0
  for (let j = 0; j < values.length; j++) {
    const count = counts[j] as number
    const value = values[j] as number
    n += count
    sum += count * value
    squares += count * value * value
  }
  if (n === 0) return { n, mean: null, lower: 0, upper: 1 }
  const mean = sum / n
  const bar = Math.log(2 / alpha)
  const variance = Math.max(0, squares / n - mean * mean)
  // The half-width of a large sample: a first step of this size brackets the end after one or two doublings.
  const step = Math.sqrt((2 * bar * variance) / n) + bar / n
  return {
    n,
    mean,
    lower: endBelow(q => boundedLogE('harm', values, counts, q) - bar, mean, step),
    // Mirrored, so that an end close to 1 is found as exactly as one close to 0.
    upper: 1 - endBelow(rest => boundedLogE('safe', values, counts, 1 - rest) - bar, 1 - mean, step),
  }
}

/** The crossing of `f` below `start`, where f < 0; `f` rises towards 0. 0 when it never crosses. */
function endBelow(f: (x: number) => number, start: number, firstStep: number): number {
  let inside = start
  for (let step = firstStep; ; step *= 2) {
    const x = start - step > inside / 8 ? start - step : inside / 8
    if (x < NEAREST) return 0
    if (f(x) >= 0) return inside === 1 || f(inside) >= 0 ? inside : findCrossing(f, inside, x)
    inside = x
  }
}
