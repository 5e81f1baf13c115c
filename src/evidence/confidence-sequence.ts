import { findCrossing } from './crossing.ts'
import { boundedLogE } from './e-process.ts'

/** Ends closer than this to 0 or to 1 are taken for it. Doubles tell apart far smaller numbers, but none closer to 1. */
const NEAREST_TO_0 = 1e-18
const NEAREST_TO_1 = 1e-15

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
    lower: lowerEnd(q => boundedLogE('harm', values, counts, q) - bar, mean, step),
    upper: upperEnd(q => boundedLogE('safe', values, counts, q) - bar, mean, step),
  }
}

/** Where `f`, negative at `start` and rising towards 0, crosses zero; 0 when it never does. */
function lowerEnd(f: (q: number) => number, start: number, firstStep: number): number {
  let inside = start
  for (let step = firstStep; ; step *= 2) {
    const q = Math.max(inside - step, inside / 8)
    if (q < NEAREST_TO_0) return 0
    if (q < 1 && f(q) >= 0) return inside === 1 ? findCrossing(f, 1 - NEAREST_TO_1, q) : findCrossing(f, inside, q)
    inside = q
  }
}

/** Where `f`, negative at `start` and rising towards 1, crosses zero; 1 when it never does. */
function upperEnd(f: (q: number) => number, start: number, firstStep: number): number {
  let inside = start
  for (let step = firstStep; ; step *= 2) {
    const q = Math.min(inside + step, 1 - (1 - inside) / 8)
    if (1 - q < NEAREST_TO_1) return 1
    if (f(q) >= 0) return findCrossing(f, inside === 0 ? NEAREST_TO_0 : inside, q)
    inside = q
  }
}
