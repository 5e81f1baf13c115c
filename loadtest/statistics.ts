import { seededRandom } from '../src/cli/demo/random.ts'

const RESAMPLES = 1000
const SEED = 29

/** What several rounds of one measurement come to. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The values of one round: what is divided, and by what. */
export interface RoundValues {
  readonly over: readonly number[]
  readonly under: readonly number[]
}

/** @throws RangeError for no values */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle]
  if (upper === undefined) throw new RangeError('the spread of no values was asked for')
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
  return { median, min: sorted[0] as number, max: sorted.at(-1) as number }
}

/**
 * Where the ratio of two medians lies with 90 % confidence, by the percentile bootstrap (Efron 1979): rounds, not single
 * values, are drawn again, because what disturbs a second disturbs all of it. Seeded: the same rounds give the same answer.
 * @returns null when there is no median on one of the sides
 */
export function ratioOfMedians(rounds: readonly RoundValues[]): Spread | null {
  const median = ratioIn(rounds)
  if (median === null) return null
  const random = seededRandom(SEED)
  const draw = (): RoundValues => rounds[Math.floor(random() * rounds.length)] as RoundValues
  const drawn = Array.from({ length: RESAMPLES }, () => ratioIn(rounds.map(draw)))
    .filter(value => value !== null)
    .toSorted((a, b) => a - b)
  const at = (share: number): number => drawn[Math.floor(share * drawn.length)] as number
  return { median, min: at(0.05), max: at(0.95) }
}

function ratioIn(rounds: readonly RoundValues[]): number | null {
  const over = rounds.flatMap(round => round.over)
  const under = rounds.flatMap(round => round.under)
  return over.length === 0 || under.length === 0 ? null : spread(over).median / spread(under).median
}

/** The same order, begun `by` places later: no condition is always the first or always after the same other one. */
export function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
