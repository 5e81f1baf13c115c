import { readFileSync } from 'node:fs'
import { seededRandom, shuffled } from './random.ts'

export const PIXELS = 64
export const IMAGE_SIDE = 8
export const CLASSES = 10
export const MAX_PIXEL = 16

/** One handwritten digit: 8 rows of 8 pixels, 0 (paper) to 16 (ink), and what its writer meant. */
export interface Digit {
  /** Line in the data file, from 0: names the image everywhere. */
  readonly index: number
  readonly pixels: readonly number[]
  readonly label: number
}

/** `training` is what models learn from, `heldOut` what the traffic consists of: no model has seen it. */
export interface DigitSplit {
  readonly training: readonly Digit[]
  readonly heldOut: readonly Digit[]
}

const SPLIT_SEED = 3

/** All images of the data file. @throws Error when a line is damaged. */
export function loadDigits(): Digit[] {
  const text = readFileSync(new URL('digits.txt', import.meta.url), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line, index) => parseDigit(line, index))
}

function parseDigit(line: string, index: number): Digit {
  if (!/^[0-9a-g]{64} [0-9]$/.test(line)) throw new Error(`digits.txt line ${index + 1} is damaged: ${line}`)
  const pixels = Array.from(line.slice(0, PIXELS), pixel => Number.parseInt(pixel, 36))
  return { index, pixels, label: Number(line.at(-1)) }
}

/** Half and half, the same halves each time. */
export function splitDigits(digits: readonly Digit[]): DigitSplit {
  const mixed = shuffled(digits, seededRandom(SPLIT_SEED))
  const middle = Math.ceil(mixed.length / 2)
  return { training: mixed.slice(0, middle), heldOut: mixed.slice(middle) }
}
