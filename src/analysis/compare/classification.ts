import type { Scalar } from '../payloads/payload.ts'
import type { CostCap } from './cost-cap.ts'
import type { Findings } from './findings.ts'
import { isDistribution } from './recognise-task.ts'

/** A class that leads by less than this is a toss-up: a flip there says little about the candidate. */
const TOSS_UP_MARGIN = 0.1
/** Of how many first classes the overlap is measured; with fewer classes than that all of them are always in common. */
const TOP_CLASSES = 5

/** Same label in every row? `path` is the tensor's place in the answer, the row is added to it. @throws CostExceeded */
export function compareLabels(
  path: string,
  primary: ArrayLike<Scalar>,
  shadow: ArrayLike<Scalar>,
  findings: Findings,
  cost: CostCap,
): void {
  cost.spend(primary.length)
  findings.addUp('rows', primary.length)
  let flips = 0
  for (let row = 0; row < primary.length; row++) {
    const ours = primary[row]
    const theirs = shadow[row]
    // A label is the same when it reads the same: 5 and "5", but not 1 and true.
    if (ours === theirs || String(ours) === String(theirs)) continue
    flips++
    findings.flip(path, row, ours, theirs)
  }
  findings.addUp('flips', flips)
}

/**
 * Same class in every row of `columns` scores, `p` of the primary and `s` of the shadow? Where both rows are probabilities, their distance is measured too.
 * Differences name the class index of both sides. @throws CostExceeded
 */
export function compareScores(
  path: string,
  p: ArrayLike<number>,
  s: ArrayLike<number>,
  columns: number,
  findings: Findings,
  cost: CostCap,
): void {
  const rows = p.length / columns
  let flips = 0
  let tossUps = 0
  let measured = 0
  let divergence = 0
  let variation = 0
  let largest = 0
  let ourConfidence = 0
  let theirConfidence = 0
  let overlap = 0
  for (let row = 0; row < rows; row++) {
    cost.spend(columns)
    const start = row * columns
    const ours = argMax(p, start, columns)
    const theirs = argMax(s, start, columns)
    const probabilities = isDistribution(p, start, columns) && isDistribution(s, start, columns)
    if (probabilities) {
      measured++
      ourConfidence += p[start + ours] as number
      theirConfidence += s[start + theirs] as number
      divergence += jensenShannonBits(p, s, start, columns)
      variation += totalVariation(p, s, start, columns)
      largest = Math.max(largest, largestChange(p, s, start, columns))
    }
    if (columns > TOP_CLASSES) overlap += topOverlap(p, s, start, columns)
    if (ours === theirs) continue
    flips++
    if (probabilities && margin(p, start, columns) < TOSS_UP_MARGIN) tossUps++
    findings.flip(path, row, className(ours), className(theirs))
  }
  findings.addUp('rows', rows)
  findings.addUp('flips', flips)
  if (columns > TOP_CLASSES) findings.mean('top_5_overlap', overlap, rows)
  if (measured === 0) return
  findings.mean('primary_confidence', ourConfidence, measured)
  findings.mean('shadow_confidence', theirConfidence, measured)
  findings.addUp('toss_up_flips', tossUps)
  findings.mean('jsd', divergence, measured)
  findings.mean('total_variation', variation, measured)
  findings.maximum('max_abs_change', largest)
}

/** The index, counted from `start`, of the largest score; the lowest of equals. -1: a NaN among them, no class at all. */
export function argMax(scores: ArrayLike<number>, start: number, columns: number): number {
  let best = 0
  for (let i = 0; i < columns; i++) {
    const score = scores[start + i] as number
    if (Number.isNaN(score)) return -1
    if (score > (scores[start + best] as number)) best = i
  }
  return best
}

function className(index: number): number | string {
  return index === -1 ? 'NaN' : index
}

/**
 * Jensen-Shannon divergence (Lin 1991) with logarithms to base 2: the mean of KL(p, m) and KL(q, m), m halfway between.
 * 0 for the same distribution, 1 for disjoint ones.
 */
export function jensenShannonBits(p: ArrayLike<number>, q: ArrayLike<number>, start: number, columns: number): number {
  let sum = 0
  for (let i = start; i < start + columns; i++) {
    const a = p[i] as number
    const b = q[i] as number
    const middle = (a + b) / 2
    // Half of the smallest float is 0, and what is that small adds nothing.
    if (middle === 0) continue
    if (a > 0) sum += a * Math.log2(a / middle)
    if (b > 0) sum += b * Math.log2(b / middle)
  }
  return Math.max(0, sum / 2)
}

/** Total variation distance, half the sum of the absolute changes: the share of probability that moved. */
export function totalVariation(p: ArrayLike<number>, q: ArrayLike<number>, start: number, columns: number): number {
  let sum = 0
  for (let i = start; i < start + columns; i++) sum += Math.abs((p[i] as number) - (q[i] as number))
  return sum / 2
}

function largestChange(p: ArrayLike<number>, q: ArrayLike<number>, start: number, columns: number): number {
  let largest = 0
  for (let i = start; i < start + columns; i++)
    largest = Math.max(largest, Math.abs((p[i] as number) - (q[i] as number)))
  return largest
}

/** The share of the five best classes that both have. */
function topOverlap(p: ArrayLike<number>, s: ArrayLike<number>, start: number, columns: number): number {
  const theirs = topClasses(s, start, columns)
  return topClasses(p, start, columns).filter(index => theirs.includes(index)).length / TOP_CLASSES
}

/** The best classes, best first; the lower index of equals. A NaN is no candidate. */
function topClasses(scores: ArrayLike<number>, start: number, columns: number): number[] {
  const top: number[] = []
  for (let i = 0; i < columns; i++) {
    const score = scores[start + i] as number
    const last = top[TOP_CLASSES - 1]
    if (Number.isNaN(score) || (last !== undefined && score <= (scores[start + last] as number))) continue
    let at = Math.min(top.length, TOP_CLASSES - 1)
    while (at > 0 && score > (scores[start + (top[at - 1] as number)] as number)) at--
    top.splice(at, 0, i)
    if (top.length > TOP_CLASSES) top.pop()
  }
  return top
}

/** By how much the first class leads the second. */
function margin(p: ArrayLike<number>, start: number, columns: number): number {
  let first = 0
  let second = 0
  for (let i = start; i < start + columns; i++) {
    const score = p[i] as number
    if (score > first) {
      second = first
      first = score
    } else if (score > second) second = score
  }
  return first - second
}
