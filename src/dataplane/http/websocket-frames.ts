import { randomBytes } from 'node:crypto'

const OPCODES = 0x0f
/** Control frames have this opcode and those above it; those below it are of messages. */
const OPCODE_CLOSE = 0x8
const FINAL = 0x80
const MASKED = 0x80
const MASK_BYTES = 4
const GOING_AWAY = 1001

/** Longest header of a frame: two bytes, eight of length, four of mask. */
const MAX_HEADER_BYTES = 14

/**
 * Follows the frames (RFC 6455 §5.2) of one direction without looking into them: only between two frames may the proxy
 * put in one of its own.
 */
export class FrameScan {
  /** A close frame has passed: none may follow. */
  closeSeen = false
  /** Those that have passed whole. */
  messages = 0
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES)
  #headerBytes = 0
  #payloadLeft = 0
  /** A message ends with this frame. */
  #isLast = false

  /** Everything so far was whole frames. */
  get betweenFrames(): boolean {
    return this.#headerBytes === 0 && this.#payloadLeft === 0
  }

  /** Returns how many of the bytes come before the close frame: all of them where none begins. */
  push(chunk: Buffer): number {
    let at = 0
    let before = chunk.length
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const skipped = Math.min(this.#payloadLeft, chunk.length - at)
        this.#payloadLeft -= skipped
        at += skipped
        if (this.#payloadLeft === 0) this.#endFrame()
        continue
      }
      const byte = chunk[at] as number
      if (this.#headerBytes === 0 && (byte & OPCODES) === OPCODE_CLOSE) before = Math.min(before, at)
      this.#header[this.#headerBytes++] = byte
      at++
      if (this.#headerBytes === headerLength(this.#header, this.#headerBytes)) this.#startPayload()
    }
    return before
  }

  #startPayload(): void {
    const header = this.#header
    const first = header[0] as number
    if ((first & OPCODES) === OPCODE_CLOSE) this.closeSeen = true
    this.#isLast = (first & FINAL) !== 0 && (first & OPCODES) < OPCODE_CLOSE
    const short = (header[1] as number) & 0x7f
    if (short < 126) this.#payloadLeft = short
    else this.#payloadLeft = short === 126 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2))
    this.#headerBytes = 0
    if (this.#payloadLeft === 0) this.#endFrame()
  }

  #endFrame(): void {
    if (this.#isLast) this.messages++
  }
}

/** How long the header is, as far as its first bytes tell. */
function headerLength(header: Buffer, known: number): number {
  if (known < 2) return 2
  const second = header[1] as number
  const short = second & 0x7f
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8
  return 2 + lengthBytes + ((second & MASKED) === 0 ? 0 : MASK_BYTES)
}

/** A close frame that says "going away" (1001); clients must mask theirs, servers must not. */
export function goingAwayFrame(masked: boolean): Buffer {
  const code = Buffer.alloc(2)
  code.writeUInt16BE(GOING_AWAY)
  const first = FINAL | OPCODE_CLOSE
  if (!masked) return Buffer.concat([Buffer.from([first, code.length]), code])
  const mask = randomBytes(MASK_BYTES)
  for (let i = 0; i < code.length; i++) code[i] = (code[i] as number) ^ (mask[i] as number)
  return Buffer.concat([Buffer.from([first, MASKED | code.length]), mask, code])
}
