import type { Tensor } from '../payloads/payload.ts'
import type { Findings } from './findings.ts'
import { isDistribution } from './recognise-task.ts'

/** A class that leads by less than this is a toss-up: a flip there says little about the candidate. */
const TOSS_UP_MARGIN = 0.1

type Labels = Tensor['data']

/** Same label in every row? `path` is the tensor's place in the answer, the row is added to it. */
export function compareLabels(path: string, primary: Labels, shadow: Labels, findings: Findings): void {
  findings.addUp('rows', primary.length)
  let flips = 0
  for (let row = 0; row < primary.length; row++) {
    const ours = primary[row]
    const theirs = shadow[row]
    // A label is the same when it reads the same: 5 and "5", but not 1 and true.
    if (ours === theirs || String(ours) === String(theirs)) continue
    flips++
    findings.differ(() => `${path}[${row}]`, 'value', ours, theirs)
  }
  findings.addUp('flips', flips)
}

/**
 * Same class in every row of `columns` scores, `p` of the primary and `s` of the shadow? Where both rows are probabilities, their distance is measured too.
 * Differences name the class index of both sides.
 */
export function compareScores(
  path: string,
  p: readonly number[],
  s: readonly number[],
  columns: number,
  findings: Findings,
): void {
  const rows = p.length / columns
  let flips = 0
  let tossUps = 0
  let measured = 0
  let divergence = 0
  let variation = 0
  let largest = 0
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    const ours = argMax(p, start, columns)
    const theirs = argMax(s, start, columns)
    const probabilities = isDistribution(p, start, columns) && isDistribution(s, start, columns)
    if (probabilities) {
      measured++
      divergence += jensenShannonBits(p, s, start, columns)
      variation += totalVariation(p, s, start, columns)
      largest = Math.max(largest, largestChange(p, s, start, columns))
    }
    if (ours === theirs) continue
    flips++
    if (probabilities && margin(p, start, columns) < TOSS_UP_MARGIN) tossUps++
    findings.differ(() => `${path}[${row}]`, 'value', className(ours), className(theirs))
  }
  findings.addUp('rows', rows)
  findings.addUp('flips', flips)
  if (measured === 0) return
  findings.addUp('toss_up_flips', tossUps)
  findings.mean('jsd', divergence, measured)
  findings.mean('total_variation', variation, measured)
  findings.maximum('max_abs_change', largest)
}

/** The index, counted from `start`, of the largest score; the lowest of equals. -1: a NaN among them, no class at all. */
export function argMax(scores: readonly number[], start: number, columns: number): number {
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

/** Jensen-Shannon divergence with logarithms to base 2: 0 for the same distribution, 1 for disjoint ones. */
export function jensenShannonBits(p: readonly number[], q: readonly number[], start: number, columns: number): number {
  let sum = 0
  for (let i = start; i < start + columns; i++) {
    const a = p[i] as number
    const b = q[i] as number
    const middle = (a + b) / 2
    if (a > 0) sum += a * Math.log2(a / middle)
    if (b > 0) sum += b * Math.log2(b / middle)
  }
  return Math.max(0, sum / 2)
}

/** Half the sum of the absolute changes: the share of probability that moved. */
export function totalVariation(p: readonly number[], q: readonly number[], start: number, columns: number): number {
  let sum = 0
  for (let i = start; i < start + columns; i++) sum += Math.abs((p[i] as number) - (q[i] as number))
  return sum / 2
}

function largestChange(p: readonly number[], q: readonly number[], start: number, columns: number): number {
  let largest = 0
  for (let i = start; i < start + columns; i++)
    largest = Math.max(largest, Math.abs((p[i] as number) - (q[i] as number)))
  return largest
}

/** By how much the first class leads the second. */
function margin(p: readonly number[], start: number, columns: number): number {
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
