import type { Spread } from './statistics.ts'

/** A Markdown table. The first `textColumns` are text, the others are numbers and stand to the right. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns = 1,
): string {
  const rule = header.map((_, column) => (column < textColumns ? '---' : '--:'))
  return [header, rule, ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** Microseconds as milliseconds: `0.412`, `12.3`, `5 010`. */
export function milliseconds(us: number): string {
  const ms = us / 1000
  if (Math.abs(ms) < 10) return ms.toFixed(3)
  return Math.abs(ms) < 1000 ? ms.toFixed(1) : whole(ms)
}

/** `median (min–max)`, each written by `write`; of a single value just that. */
export function withRange({ median, min, max }: Spread, write: (value: number) => string): string {
  return min === max ? write(median) : `${write(median)} (${write(min)}–${write(max)})`
}

/** A ratio: `1.02`; from 10 on without decimals. */
export function ratio(value: number): string {
  if (!Number.isFinite(value)) return '—'
  return value < 10 ? value.toFixed(2) : whole(value)
}

/** `12 345` */
export function whole(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ' ')
}
