/** Room for the vectors of some ten pairs: memory of its own for each of them cost more than filling it. */
const SLAB_BYTES = 64 * 1024
/** Floats are read where they lie, which has to be at a multiple of their size. */
const ALIGNMENT = 8

let slab = Buffer.alloc(0)
let used = 0

/** The bytes of a base64 text, padded or not; null: something else is in it, which Node.js would silently leave out. */
export function base64Bytes(text: string): Buffer | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const characters = text.length - padding
  // Six bits a character: one left over is less than a byte.
  if (characters % 4 === 1) return null
  const size = Math.floor((characters * 3) / 4)
  const bytes = room(size)
  return bytes.write(text, 'base64') === size ? bytes : null
}

function room(size: number): Buffer {
  if (size > SLAB_BYTES / 2) return Buffer.allocUnsafeSlow(size)
  if (used + size > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
    used = 0
  }
  const bytes = slab.subarray(used, used + size)
  used = Math.ceil((used + size) / ALIGNMENT) * ALIGNMENT
  return bytes
}
