import { grouped } from '../../evidence/words.ts'

/** Numbers as people read them, the same in the live view and in the summary. */

/** 12 345, as verdicts write it. */
export const count = grouped

/** `part` of `whole` as `94.8 %`; `-` while there is nothing. Rounds down near 100, so that it says 100 only when it is. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '-'
  const tenths = (1000 * part) / whole
  return `${((part < whole ? Math.min(Math.round(tenths), 999) : 1000) / 10).toFixed(1)} %`
}

/** Microseconds as `0.84 ms` or `12.3 ms`; `-` for null. */
export function milliseconds(us: number | null): string {
  if (us === null) return '-'
  const ms = us / 1e3
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`
}

/** `01:05`; hours when there are any. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1e3)
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60]
  if (seconds >= 3600) parts.unshift(Math.floor(seconds / 3600))
  return parts.map(part => String(part).padStart(2, '0')).join(':')
}

/** `8 → 9 (212)`: what the primary says, what the candidate says, how often. */
export function confusionText(confusion: {
  readonly primary: string
  readonly shadow: string
  readonly count: number
}): string {
  return `${confusion.primary} → ${confusion.shadow} (${grouped(confusion.count)})`
}

/** Sum of the counts by reason or kind. */
export function total(counts: Readonly<Record<string, number>> | readonly number[]): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0)
}

/** Columns: the first aligned left, the others right, two spaces between. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return rows.map(row =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
