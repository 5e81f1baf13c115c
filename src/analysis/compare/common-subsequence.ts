import type { CostCap } from './cost-cap.ts'
import { WorkingMemory } from './working-memory.ts'

/** 30, not 32: the sum of two words and a carry stays a small integer, which the engine adds without a detour. */
const WORD_BITS = 30
const WORD_MASK = 2 ** WORD_BITS - 1

const upperMemory = new WorkingMemory(4096)
const lowerMemory = new WorkingMemory(4096)
const carriesMemory = new WorkingMemory(2048)

/**
 * Length of the longest common subsequence of two lists of numbers below `distinct`: dynamic programming with 30 rows
 * as the bits of a word (Crochemore, Iliopoulos, Pinzon & Reid 2001; the form of Hyyrö 2004). What both begin and end
 * with is counted beforehand. Takes a.length × b.length / 30 steps. @throws CostExceeded
 */
export function commonSubsequence(a: Int32Array, b: Int32Array, distinct: number, cost: CostCap): number {
  let start = 0
  let aEnd = a.length
  let bEnd = b.length
  while (start < aEnd && start < bEnd && a[start] === b[start]) start++
  while (aEnd > start && bEnd > start && a[aEnd - 1] === b[bEnd - 1]) {
    aEnd--
    bEnd--
  }
  let length = start + (a.length - aEnd)
  if (aEnd === start || bEnd === start) return length
  // Two words at a time: the engine's processor works on one while it waits for the other.
  const upper = upperMemory.zeroes(distinct)
  const lower = lowerMemory.zeroes(distinct)
  /** From the rows above into the block of this column, 0 or 1. */
  const carries = carriesMemory.zeroes(bEnd - start)
  for (let block = start; block < aEnd; block += 2 * WORD_BITS) {
    const middle = Math.min(aEnd, block + WORD_BITS)
    const end = Math.min(aEnd, middle + WORD_BITS)
    setRows(upper, a, block, middle)
    setRows(lower, a, middle, end)
    let above = WORD_MASK
    let below = WORD_MASK
    for (let column = start; column < bEnd; column++) {
      const word = b[column] as number
      const upperMatches = above & (upper[word] as number)
      const upperSum = above + upperMatches + (carries[column - start] as number)
      above = (upperSum & WORD_MASK) | (above & ~upperMatches)
      const lowerMatches = below & (lower[word] as number)
      const lowerSum = below + lowerMatches + (upperSum >>> WORD_BITS)
      below = (lowerSum & WORD_MASK) | (below & ~lowerMatches)
      carries[column - start] = lowerSum >>> WORD_BITS
    }
    cost.spend(bEnd - start)
    length += takenRows(above, middle - block) + takenRows(below, end - middle)
    for (let row = block; row < middle; row++) upper[a[row] as number] = 0
    for (let row = middle; row < end; row++) lower[a[row] as number] = 0
  }
  return length
}

/** In which rows of the block each number stands, as bits. */
function setRows(masks: Int32Array, a: Int32Array, from: number, to: number): void {
  for (let row = from; row < to; row++) {
    const word = a[row] as number
    masks[word] = (masks[word] as number) | (1 << (row - from))
  }
}

/** Of the first `rows` bits, those that are 0: a row that makes the subsequence longer. */
function takenRows(state: number, rows: number): number {
  let taken = 0
  for (let row = 0; row < rows; row++) if ((state & (1 << row)) === 0) taken++
  return taken
}
