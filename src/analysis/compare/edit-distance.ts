import type { CostCap } from './cost-cap.ts'

const WORD_BITS = 32

/** Which rows of the block under way hold a character, by UTF-16 code unit; all zero between two calls. */
const rowsOf = new Int32Array(65_536)

/**
 * Levenshtein distance of two texts in UTF-16 code units: insertions, deletions and substitutions cost one each. Bit-parallel
 * with 32 rows at a time (Myers 1999, in blocks as by Hyyrö 2003), a.length × b.length / 32 steps without what both begin
 * and end with. @throws CostExceeded
 */
export function editDistance(a: string, b: string, cost: CostCap): number {
  let start = 0
  let aEnd = a.length
  let bEnd = b.length
  while (start < aEnd && start < bEnd && a.charCodeAt(start) === b.charCodeAt(start)) start++
  while (aEnd > start && bEnd > start && a.charCodeAt(aEnd - 1) === b.charCodeAt(bEnd - 1)) {
    aEnd--
    bEnd--
  }
  const rows = aEnd - start
  const columns = bEnd - start
  if (rows === 0 || columns === 0) return rows + columns
  // How much the distance grows from one column to the next at the lower edge of the block above: -1, 0 or 1.
  const growth = new Int8Array(columns).fill(1)
  const units = new Uint16Array(columns)
  for (let column = 0; column < columns; column++) units[column] = b.charCodeAt(start + column)
  for (let block = start; block < aEnd; block += WORD_BITS) {
    cost.spend(columns)
    takeBlock(a, block, Math.min(WORD_BITS, aEnd - block), units, growth)
  }
  let distance = rows
  for (const step of growth) distance += step
  return distance
}

/** Takes `growth` from the upper edge of the block to its lower one. */
function takeBlock(a: string, block: number, rows: number, b: Uint16Array, growth: Int8Array): void {
  for (let row = 0; row < rows; row++) {
    const unit = a.charCodeAt(block + row)
    rowsOf[unit] = (rowsOf[unit] as number) | (1 << row)
  }
  const last = rows - 1
  // Rows where the distance grows by one from the row above, and where it shrinks.
  let grows = -1
  let shrinks = 0
  for (let column = 0; column < growth.length; column++) {
    const above = growth[column] as number
    let equal = rowsOf[b[column] as number] as number
    const vertical = equal | shrinks
    if (above < 0) equal |= 1
    const horizontal = ((((equal & grows) + grows) | 0) ^ grows) | equal
    let right = shrinks | ~(horizontal | grows)
    let left = grows & horizontal
    growth[column] = ((right >>> last) & 1) - ((left >>> last) & 1)
    right <<= 1
    left <<= 1
    if (above < 0) left |= 1
    else if (above > 0) right |= 1
    grows = left | ~(vertical | right)
    shrinks = right & vertical
  }
  for (let row = 0; row < rows; row++) rowsOf[a.charCodeAt(block + row)] = 0
}
