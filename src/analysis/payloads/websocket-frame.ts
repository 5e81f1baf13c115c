/** One frame of a WebSocket connection (RFC 6455 §5.2), its mask undone. */
export interface WebSocketFrame {
  readonly isFinal: boolean
  /** RSV1: the message that begins here is compressed (RFC 7692 §6). */
  readonly isCompressed: boolean
  readonly opcode: number
  readonly payload: Buffer
  /** Offset behind it. */
  readonly next: number
}

export const OPCODE = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const

const FINAL = 0x80
const RESERVED_1 = 0x40
const RESERVED_2_AND_3 = 0x30
const MASKED = 0x80
const MASK_BYTES = 4
/** Payload of a frame that is no message, at most. */
const CONTROL_BYTES = 125
const OPCODES: ReadonlySet<number> = new Set(Object.values(OPCODE))

export function isControl({ opcode }: WebSocketFrame): boolean {
  return opcode >= OPCODE.close
}

/** The frame at `at`. `cut`: the bytes end before it does. A text says what is wrong with it. Never throws. */
export function readFrame(bytes: Buffer, at: number): WebSocketFrame | 'cut' | { readonly flaw: string } {
  if (bytes.length - at < 2) return 'cut'
  const [first, second] = [bytes[at] as number, bytes[at + 1] as number]
  const opcode = first & 0x0f
  const isFinal = (first & FINAL) !== 0
  const short = second & 0x7f
  if (!OPCODES.has(opcode)) return { flaw: `a frame has the opcode ${opcode}` }
  if ((first & RESERVED_2_AND_3) !== 0) return { flaw: 'a frame has reserved bits' }
  if (opcode >= OPCODE.close && (!isFinal || short > CONTROL_BYTES)) return { flaw: 'a control frame is no whole one' }
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8
  const mask = at + 2 + lengthBytes
  const start = mask + ((second & MASKED) === 0 ? 0 : MASK_BYTES)
  if (bytes.length < start) return 'cut'
  const length = lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(at + 2) : longLength(bytes, at + 2)
  const next = start + length
  if (next > bytes.length) return 'cut'
  const payload = bytes.subarray(start, next)
  return {
    isFinal,
    isCompressed: (first & RESERVED_1) !== 0,
    opcode,
    payload: start === mask ? payload : unmasked(payload, bytes.subarray(mask, start)),
    next,
  }
}

/** What no number can say exactly is longer than any body. */
function longLength(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64BE(at))
}

function unmasked(payload: Buffer, mask: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(payload.length)
  for (let i = 0; i < payload.length; i++) plain[i] = (payload[i] as number) ^ (mask[i % MASK_BYTES] as number)
  return plain
}
