/** A count with its thousands set apart by a space: 12 345 as `12 345`. */
export function grouped(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** A count to two digits, as an estimate should be read: 2 137 as `about 2 100`. */
export function roughly(count: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))) - 1)
  return `about ${grouped(Math.max(1, Math.round(count / unit)) * unit)}`
}

/** 0.9912 as `99.1 %`; more digits close to 0 and to 100 %, where they matter. */
export function percent(share: number): string {
  return `${trimmed(100 * share, Math.min(Math.abs(share), Math.abs(1 - share)))} %`
}

/** A difference of two shares: 0.002 as `+0.2 points`. */
export function points(difference: number): string {
  const digits = trimmed(100 * difference, Math.abs(difference))
  return `${difference > 0 && digits !== '0' ? '+' : ''}${digits} points`
}

/** A ratio: 1.5 as `x 1.5`. */
export function times(ratio: number): string {
  return `x ${trimmed(ratio, ratio)}`
}

/** A duration: 90 000 ms as `90 s`, 7 200 000 ms as `2 h`. */
export function duration(ms: number): string {
  if (ms >= 2 * 3_600_000) return `${trimmed(ms / 3_600_000, 1)} h`
  return ms >= 2 * 60_000 ? `${trimmed(ms / 60_000, 1)} min` : `${Math.ceil(ms / 1_000)} s`
}

/** Two decimals, four where the number is small against 1; without zeros at the end. */
function trimmed(value: number, magnitude: number): string {
  return String(Number(value.toFixed(magnitude < 0.0005 ? 4 : 2)))
}
