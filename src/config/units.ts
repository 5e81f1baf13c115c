/** Durations and sizes as people write them. Whole numbers only: `1500ms` instead of `1.5s`. */

const MS_PER_UNIT = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
const BYTES_PER_UNIT = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 } as const

export const DURATION_PATTERN = /^(\d{1,12})(ms|s|m|h)$/
export const SIZE_PATTERN = /^(\d{1,15})(KiB|MiB|GiB)?$/

/** Milliseconds of `250ms`, `2s`, `10m`, `1h`; null when the text is none of these. */
export function parseDuration(text: string): number | null {
  const match = DURATION_PATTERN.exec(text)
  if (match === null) return null
  const ms = Number(match[1]) * MS_PER_UNIT[match[2] as keyof typeof MS_PER_UNIT]
  return Number.isSafeInteger(ms) ? ms : null
}

/** The shortest form that `parseDuration` reads back to the same number. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0ms'
  for (const [unit, size] of Object.entries(MS_PER_UNIT)) {
    if (ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}

/** Bytes of `64KiB`, `1MiB`, `2GiB` or a plain number of bytes; null when the text is none of these. */
export function parseSize(text: string): number | null {
  const match = SIZE_PATTERN.exec(text)
  if (match === null) return null
  const unit = match[2] as keyof typeof BYTES_PER_UNIT | undefined
  const bytes = Number(match[1]) * (unit === undefined ? 1 : BYTES_PER_UNIT[unit])
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** The shortest form that `parseSize` reads back to the same number. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0'
  for (const [unit, size] of Object.entries(BYTES_PER_UNIT)) {
    if (bytes % size === 0) return `${bytes / size}${unit}`
  }
  return String(bytes)
}

export interface HostPort {
  /** Without the brackets of an IPv6 address. */
  readonly host: string
  readonly port: number
}

export const ADDRESS_PATTERN = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)):(\d{1,5})$/

/** `127.0.0.1:8080`, `localhost:8080` or `[::1]:8080`; null when the text is none of these. */
export function parseAddress(text: string): HostPort | null {
  const match = ADDRESS_PATTERN.exec(text)
  if (match === null) return null
  const port = Number(match[3])
  return port > 65_535 ? null : { host: match[1] ?? (match[2] as string), port }
}

export function formatAddress(address: HostPort): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

/** Whether only this machine can reach a listener on `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
