import type { CostCap } from './cost-cap.ts'
import { TextMemory, WorkingMemory } from './working-memory.ts'

const WORD_BITS = 32
const LAST_BIT = WORD_BITS - 1

/** Which rows of the block under way hold a character, by UTF-16 code unit; all zero between two calls. */
const rowsOf = new Int32Array(65_536)
/** For texts as long as they are when a pair is compared. */
const growthMemory = new WorkingMemory(256)
const aMemory = new TextMemory(256)
const bMemory = new TextMemory(256)

/**
 * Levenshtein distance of two texts in UTF-16 code units: insertions, deletions and substitutions cost one each. Bit-parallel
 * with 32 rows at a time (Myers 1999, in blocks as by Hyyrö 2003), a.length × b.length / 32 steps without what both begin
 * and end with. @throws CostExceeded
 */
export function editDistance(a: string, b: string, cost: CostCap): number {
  const ours = aMemory.unitsOf(a)
  const theirs = bMemory.unitsOf(b)
  let start = 0
  let aEnd = a.length
  let bEnd = b.length
  while (start < aEnd && start < bEnd && ours[start] === theirs[start]) start++
  while (aEnd > start && bEnd > start && ours[aEnd - 1] === theirs[bEnd - 1]) {
    aEnd--
    bEnd--
  }
  const rows = aEnd - start
  const columns = bEnd - start
  if (rows === 0 || columns === 0) return rows + columns
  // How much the distance grows from one column to the next at the lower edge of the block above: -1, 0 or 1.
  const growth = growthMemory.zeroes(columns).fill(1, 0, columns)
  const middle = theirs.subarray(start, bEnd)
  let distance = columns
  for (let block = start; block < aEnd; block += WORD_BITS) {
    cost.spend(columns)
    distance += takeBlock(ours, block, Math.min(block + WORD_BITS, aEnd), middle, growth)
  }
  return distance
}

/**
 * Takes `growth` from the upper edge of the block of `a`'s rows to its lower one, which is of use only when the block is full.
 * Returns how much the distance grows down its last column.
 */
function takeBlock(a: Uint16Array, from: number, to: number, b: Uint16Array, growth: Int32Array): number {
  for (let row = from; row < to; row++) {
    const unit = a[row] as number
    rowsOf[unit] = (rowsOf[unit] as number) | (1 << (row - from))
  }
  // Rows where the distance grows by one from the row above, and where it shrinks.
  let grows = -1
  let shrinks = 0
  for (let column = 0; column < b.length; column++) {
    const above = growth[column] as number
    // No branches on `above`: it is as good as random where texts have nothing in common, half of the guesses would miss.
    const falls = above >>> LAST_BIT
    const rises = -above >>> LAST_BIT
    const same = rowsOf[b[column] as number] as number
    const vertical = same | shrinks
    const equal = same | falls
    // Written so that as few steps as can be wait for the one before: from one column to the next it is eight.
    const sum = ((equal & grows) + grows) | 0
    const left = grows & ((sum ^ grows) | equal)
    const notRight = (sum | equal | grows) & ~shrinks
    growth[column] = 1 - (notRight >>> LAST_BIT) - (left >>> LAST_BIT)
    const notRightBelow = (notRight << 1) | (1 - rises)
    grows = (left << 1) | falls | (notRightBelow & ~vertical)
    shrinks = ~notRightBelow & vertical
  }
  let growthDown = 0
  for (let row = from; row < to; row++) {
    rowsOf[a[row] as number] = 0
    growthDown += ((grows >>> (row - from)) & 1) - ((shrinks >>> (row - from)) & 1)
  }
  return growthDown
}
