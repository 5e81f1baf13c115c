import type { CostCap } from './cost-cap.ts'
import { WorkingMemory } from './working-memory.ts'

/** 30, not 32: the sum of two words and a carry stays a small integer, which the engine adds without a detour. */
const WORD_BITS = 30
const WORD_MASK = 2 ** WORD_BITS - 1

const masksMemory = new WorkingMemory(4096)
const carriesMemory = new WorkingMemory(2048)

/**
 * Length of the longest common subsequence of two lists of numbers below `distinct`: dynamic programming with 30 rows at a
 * time as the bits of a word (Crochemore, Iliopoulos, Pinzon & Reid 2001; the form of Hyyrö 2004). What both begin and end
 * with is counted beforehand. Takes a.length × b.length / 30 steps. @throws CostExceeded
 */
export function commonSubsequence(
  a: readonly number[],
  b: readonly number[],
  distinct: number,
  cost: CostCap,
): number {
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
  const masks = masksMemory.zeroes(distinct)
  /** From the rows above into the block of this column, 0 or 1. */
  const carries = carriesMemory.zeroes(bEnd - start)
  for (let block = start; block < aEnd; block += WORD_BITS) {
    const rows = Math.min(WORD_BITS, aEnd - block)
    for (let row = 0; row < rows; row++)
      masks[a[block + row] as number] = (masks[a[block + row] as number] as number) | (1 << row)
    let state = WORD_MASK
    for (let column = start; column < bEnd; column++) {
      const matches = state & (masks[b[column] as number] as number)
      const sum = state + matches + (carries[column - start] as number)
      carries[column - start] = sum >>> WORD_BITS
      state = (sum & WORD_MASK) | (state & ~matches)
    }
    cost.spend(bEnd - start)
    for (let row = 0; row < rows; row++) {
      if ((state & (1 << row)) === 0) length++
      masks[a[block + row] as number] = 0
    }
  }
  return length
}
