/** The bytes of a base64 text, padded or not; null: something else is in it, which Node.js would silently leave out. */
export function base64Bytes(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const characters = text.length - padding
  // Six bits a character: one left over is less than a byte.
  return characters % 4 !== 1 && bytes.length === Math.floor((characters * 3) / 4) ? bytes : null
}
