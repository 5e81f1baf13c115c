import type { CostCap } from './cost-cap.ts'
import { TextMemory, WorkingMemory } from './working-memory.ts'

const WORD_BITS = 32

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
  for (let block = start; block < aEnd; block += WORD_BITS) {
    cost.spend(columns)
    takeBlock(ours.subarray(block, Math.min(block + WORD_BITS, aEnd)), middle, growth)
  }
  let distance = rows
  for (let column = 0; column < columns; column++) distance += growth[column] as number
  return distance
}

/** Takes `growth` from the upper edge of the block to its lower one. */
function takeBlock(a: Uint16Array, b: Uint16Array, growth: Int32Array): void {
  const rows = a.length
  for (let row = 0; row < rows; row++) {
    const unit = a[row] as number
    rowsOf[unit] = (rowsOf[unit] as number) | (1 << row)
  }
  const last = rows - 1
  // Rows where the distance grows by one from the row above, and where it shrinks.
  let grows = -1
  let shrinks = 0
  for (let column = 0; column < b.length; column++) {
    const above = growth[column] as number
    // No branches on `above`: it is as good as random where texts have nothing in common, half of the guesses would miss.
    const falls = above >>> 31
    let equal = rowsOf[b[column] as number] as number
    const vertical = equal | shrinks
    equal |= falls
    const horizontal = ((((equal & grows) + grows) | 0) ^ grows) | equal
    let right = shrinks | ~(horizontal | grows)
    let left = grows & horizontal
    growth[column] = ((right >>> last) & 1) - ((left >>> last) & 1)
    right = (right << 1) | (-above >>> 31)
    left = (left << 1) | falls
    grows = left | ~(vertical | right)
    shrinks = right & vertical
  }
  for (let row = 0; row < rows; row++) rowsOf[a[row] as number] = 0
}
