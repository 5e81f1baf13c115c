import type { Embeddings } from '../payloads/payload.ts'
import type { CostCap } from './cost-cap.ts'
import { pathText } from './field-path.ts'
import { MAX_LISTED_ITEMS, type Findings } from './findings.ts'
import { closeEnough } from './numbers.ts'
import { vectorDistance } from './vector-distance.ts'

/** Vectors of an answer, all in one list of numbers or each in its own. */
export interface Vector {
  readonly values: ArrayLike<number>
  readonly start: number
  readonly size: number
  /** Where it is in the answer. */
  readonly steps: readonly (string | number)[]
}

const EXACTLY = { absolute: 0, relative: 0 }

/** The vectors of an embeddings answer, where OpenAI's API has them. */
export function vectorsOf({ vectors }: Embeddings): Vector[] {
  return vectors.map((values, index) => ({
    values,
    start: 0,
    size: values.length,
    steps: ['data', index, 'embedding'],
  }))
}

/**
 * Embeddings agree when there are as many of the same dimensions, and each cosine is at least `least`. A vector without a
 * direction (zeroes, a NaN) agrees with one that has the same values. @throws CostExceeded
 */
export function compareVectors(
  primary: readonly Vector[],
  shadow: readonly Vector[],
  least: number,
  findings: Findings,
  cost: CostCap,
): void {
  findings.addUp('vectors', primary.length)
  if (primary.length !== shadow.length) {
    findings.differ(() => pathText(primary[0]?.steps.slice(0, 1) ?? []), 'size', primary.length, shadow.length)
    return
  }
  for (const [index, ours] of primary.entries()) {
    const theirs = shadow[index] as Vector
    cost.spend(ours.size)
    if (ours.size !== theirs.size) findings.differ(() => pathText(ours.steps), 'size', ours.size, theirs.size)
    else compareVector(ours, theirs, least, findings)
  }
}

function compareVector(ours: Vector, theirs: Vector, least: number, findings: Findings): void {
  const { cosine, l2, normRatio } = vectorDistance(ours.values, ours.start, theirs.values, theirs.start, ours.size)
  const measured = !Number.isNaN(cosine)
  if (measured) {
    findings.mean('cosine', cosine, 1)
    findings.minimum('min_cosine', cosine)
    findings.mean('l2', l2, 1)
    findings.mean('norm_ratio', normRatio, 1)
  }
  if (measured ? cosine >= least : sameValues(ours, theirs)) return
  findings.differ(() => pathText(ours.steps), 'value', shownVector(ours), shownVector(theirs))
}

function sameValues(ours: Vector, theirs: Vector): boolean {
  for (let i = 0; i < ours.size; i++) {
    const x = ours.values[ours.start + i] as number
    if (!closeEnough(x, theirs.values[theirs.start + i] as number, EXACTLY)) return false
  }
  return true
}

/** As a difference shows it: nobody reads a thousand numbers, and copying them costs more than comparing them. */
function shownVector({ values, start, size }: Vector): string | number[] {
  if (size > MAX_LISTED_ITEMS) return `array of ${size}`
  return Array.from({ length: size }, (_, i) => values[start + i] as number)
}
