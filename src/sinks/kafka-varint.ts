/**
 * Varints of Kafka's records: seven bits a byte, the lowest first, of the value in zigzag form. Here for lengths, counts
 * and offsets only, which are 0 or more and under 2^30: zigzag doubles them.
 */

export function varint(value: number): Buffer {
  const bytes = Buffer.alloc(varintBytes(value))
  writeVarint(bytes, 0, value)
  return bytes
}

/** How many bytes `writeVarint` writes. */
export function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value >>> 6; rest > 0; rest >>>= 7) bytes++
  return bytes
}

/** Returns where the next byte goes. */
export function writeVarint(into: Buffer, start: number, value: number): number {
  let at = start
  let rest = value << 1
  for (; rest > 0x7f; rest >>>= 7) into[at++] = (rest & 0x7f) | 0x80
  into[at++] = rest
  return at
}
