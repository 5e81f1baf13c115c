import { endianness } from 'node:os'

const BYTES = Float32Array.BYTES_PER_ELEMENT
const IS_LITTLE_ENDIAN = endianness() === 'LE'

/**
 * Little-endian floats of 32 bits from their bytes; null: the last one is not whole. Where the machine has them in this order
 * and they lie as it reads them, the result looks at the bytes themselves, else at a copy.
 */
export function singles(bytes: Buffer): Float32Array | null {
  if (bytes.length % BYTES !== 0) return null
  const count = bytes.length / BYTES
  if (IS_LITTLE_ENDIAN && bytes.byteOffset % BYTES === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, count)
  const copy = new Float32Array(count)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let i = 0; i < count; i++) copy[i] = view.getFloat32(i * BYTES, true)
  return copy
}
