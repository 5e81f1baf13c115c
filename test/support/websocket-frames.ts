import { constants, deflateRawSync } from 'node:zlib'

export interface SentMessage {
  readonly kind: 'text' | 'binary'
  readonly data: Buffer
}

export interface FrameHead {
  readonly opcode: number
  readonly isFinal?: boolean
  readonly isCompressed?: boolean
  /** Four bytes; absent: not masked. */
  readonly mask?: Buffer
}

/** One frame as RFC 6455 §5.2 lays it out. */
export function frame(payload: Buffer, { opcode, isFinal = true, isCompressed = false, mask }: FrameHead): Buffer {
  const short = payload.length < 126 ? payload.length : payload.length < 65_536 ? 126 : 127
  const extended = Buffer.alloc(short < 126 ? 0 : short === 126 ? 2 : 8)
  if (short === 126) extended.writeUInt16BE(payload.length)
  if (short === 127) extended.writeBigUInt64BE(BigInt(payload.length))
  const first = (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode
  const head = Buffer.from([first, (mask === undefined ? 0 : 0x80) | short])
  if (mask === undefined) return Buffer.concat([head, extended, payload])
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] as number))
  return Buffer.concat([head, extended, mask, masked])
}

/** Cuts a payload at these shares of its length; a piece may be empty. */
export function pieces(payload: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map(cut => Math.floor(cut * payload.length)).sort((a, b) => a - b), payload.length]
  return at.slice(1).map((end, i) => payload.subarray(at[i], end))
}

/** A message as one frame or more. */
export function fragmented(message: SentMessage, cuts: readonly number[], head: Omit<FrameHead, 'opcode'>): Buffer[] {
  const all = pieces(message.data, cuts)
  return all.map((piece, i) =>
    frame(piece, {
      ...head,
      opcode: i > 0 ? 0 : message.kind === 'text' ? 1 : 2,
      isFinal: i === all.length - 1,
      isCompressed: i === 0 && head.isCompressed === true,
    }),
  )
}

/** Compresses messages one after the other, each with a view of those before it (RFC 7692 with context takeover). */
export class Deflation {
  #before: Buffer = Buffer.alloc(0)

  deflate(data: Buffer): Buffer {
    const dictionary = this.#before.length === 0 ? {} : { dictionary: this.#before }
    const packed = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, ...dictionary })
    this.#before = Buffer.concat([this.#before, data]).subarray(-32_768)
    return packed.subarray(0, packed.length - 4)
  }
}
