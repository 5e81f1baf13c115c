import { IMAGE_SIDE, MAX_PIXEL } from './digits.ts'

/** From paper to ink. */
const SHADES = ' .:-=+*#%@'

/** Terminal cells are about twice as high as wide: two characters make a pixel square. */
const CHARACTERS_PER_PIXEL = 2

/** The image as IMAGE_SIDE lines. */
export function drawDigit(pixels: readonly number[]): string[] {
  return Array.from({ length: IMAGE_SIDE }, (_, row) =>
    pixels
      .slice(row * IMAGE_SIDE, (row + 1) * IMAGE_SIDE)
      .map(pixel => shade(pixel).repeat(CHARACTERS_PER_PIXEL))
      .join(''),
  )
}

function shade(pixel: number): string {
  return SHADES[Math.round((pixel / MAX_PIXEL) * (SHADES.length - 1))] as string
}
