import { crc32 } from 'node:zlib'

/** A value as it is stored. */
export interface CheckedText {
  readonly text: string
  readonly checksum: number
}

export function checkedText(value: unknown): CheckedText {
  const text = JSON.stringify(value)
  return { text, checksum: crc32(text) }
}

/** undefined: the text is not the one that was stored. */
export function readChecked(text: unknown, checksum: unknown): unknown {
  if (typeof text !== 'string' || crc32(text) !== checksum) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Of the bits of these numbers. */
export function numbersChecksum(numbers: readonly number[]): number {
  return crc32(new Uint8Array(Float64Array.from(numbers).buffer))
}
