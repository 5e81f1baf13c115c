import type { LoadResult } from './load-plan.ts'
import { ratio, withRange } from './markdown.ts'
import { ratioOfMedians, spread } from './statistics.ts'

/** A window is slow when its p99 is this many times the median one of the other side: what is too rare to move a median. */
const SLOW = 2
const NOT_MEASURED = '—'

/** A round: what is compared, and what it is compared with. */
export interface Round {
  readonly over: LoadResult
  readonly under: LoadResult
}

/**
 * Two cells about the windows that the host left alone: the median p99 of those of one side divided by that of the other,
 * with its 90 % interval, and how many windows were slow on both sides: `1.01 (1.00–1.02)`, `1 of 85, 0 of 88`.
 */
export function undisturbedCells(rounds: readonly Round[]): [times: string, slow: string] {
  const p99s = rounds.map(({ over, under }) => ({ over: undisturbed(over), under: undisturbed(under) }))
  const times = ratioOfMedians(p99s)
  if (times === null) return [NOT_MEASURED, NOT_MEASURED]
  const under = p99s.flatMap(round => round.under)
  const slowFromUs = SLOW * spread(under).median
  const slow = (of: readonly number[]): string => `${of.filter(p99Us => p99Us >= slowFromUs).length} of ${of.length}`
  return [withRange(times, ratio), `${slow(p99s.flatMap(round => round.over))}, ${slow(under)}`]
}

function undisturbed({ windows }: LoadResult): number[] {
  return windows.flatMap(({ p99Us, disturbed }) => (disturbed || p99Us === null ? [] : [p99Us]))
}
