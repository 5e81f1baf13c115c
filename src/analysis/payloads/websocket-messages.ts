import { isUtf8 } from 'node:buffer'
import { constants, inflateRawSync } from 'node:zlib'
import { MAX_DECODED_BYTES } from './decode-body.ts'
import { undecoded, type Undecoded } from './payload.ts'
import { isControl, OPCODE, readFrame, type WebSocketFrame } from './websocket-frame.ts'

export interface WebSocketMessage {
  readonly kind: 'text' | 'binary'
  /** Joined, without mask and compression; a text is UTF-8. */
  readonly data: Buffer
}

export interface WebSocketMessages {
  readonly kind: 'messages'
  readonly messages: readonly WebSocketMessage[]
  /** A message had begun when the bytes ended. */
  readonly isCut: boolean
}

/** Each compressed one is a call of zlib: some 15 us, however short it is. */
const MAX_MESSAGES = 20_000
/** How far back a message may refer (RFC 7692 §7.1.2). */
const WINDOW_BYTES = 32 * 1024
/** What the sender leaves out at the end of a compressed message (RFC 7692 §7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff])
const NOTHING = Buffer.alloc(0)

/**
 * The messages in one direction of a WebSocket connection, without control frames, up to its close frame. `extensions` as
 * the handshake agreed on them. Never throws: malformed frames are an `invalid_payload`, other extensions than
 * permessage-deflate an `unknown_encoding`, more than `maxBytes` or MAX_MESSAGES `too_large`.
 */
export function decodeMessages(
  bytes: Buffer,
  extensions: string,
  maxBytes: number = MAX_DECODED_BYTES,
): WebSocketMessages | Undecoded {
  const names = extensions.split(',').map(each => (each.split(';')[0] as string).trim().toLowerCase())
  const [name = ''] = names
  if (names.length > 1 || (name !== '' && name !== 'permessage-deflate'))
    return undecoded('unknown_encoding', `WebSocket extensions ${extensions.slice(0, 60)}`)
  return new Decoding(bytes, name !== '', maxBytes).decode()
}

/** One pass over the frames. States: between messages (`#parts` null), within a message. */
class Decoding {
  readonly #bytes: Buffer
  readonly #mayCompress: boolean
  #leftBytes: number
  readonly #messages: WebSocketMessage[] = []
  #parts: Buffer[] | null = null
  #first: WebSocketFrame | null = null
  /** The end of all that was unpacked so far. */
  #window: Buffer = NOTHING

  constructor(bytes: Buffer, mayCompress: boolean, maxBytes: number) {
    this.#bytes = bytes
    this.#mayCompress = mayCompress
    this.#leftBytes = maxBytes
  }

  decode(): WebSocketMessages | Undecoded {
    let at = 0
    for (;;) {
      const frame = readFrame(this.#bytes, at)
      if (frame === 'cut') return this.#result(at < this.#bytes.length || this.#parts !== null)
      if ('flaw' in frame) return undecoded('invalid_payload', `WebSocket: ${frame.flaw}`)
      if (frame.opcode === OPCODE.close) return this.#result(this.#parts !== null)
      const failed = this.#take(frame)
      if (failed !== null) return failed
      at = frame.next
    }
  }

  #result(isCut: boolean): WebSocketMessages {
    return { kind: 'messages', messages: this.#messages, isCut }
  }

  #take(frame: WebSocketFrame): Undecoded | null {
    const begins = !isControl(frame) && frame.opcode !== OPCODE.continuation
    if (frame.isCompressed && !(begins && this.#mayCompress)) return outOfPlace('compression')
    if (isControl(frame)) return null
    if (begins === (this.#parts !== null)) return outOfPlace(begins ? 'a new message' : 'a continuation')
    if (begins) this.#first = frame
    this.#parts ??= []
    if (frame.payload.length > 0) this.#parts.push(frame.payload)
    return frame.isFinal ? this.#endMessage(this.#first as WebSocketFrame, this.#parts) : null
  }

  #endMessage(first: WebSocketFrame, parts: readonly Buffer[]): Undecoded | null {
    this.#parts = null
    if (this.#messages.length === MAX_MESSAGES) return undecoded('too_large', `over ${MAX_MESSAGES} messages`)
    const data = first.isCompressed
      ? this.#inflate(parts)
      : parts.length === 1
        ? (parts[0] as Buffer)
        : Buffer.concat(parts)
    if (!Buffer.isBuffer(data)) return data
    this.#leftBytes -= data.length
    if (this.#leftBytes < 0) return undecoded('too_large', 'the messages are too long together')
    const kind = first.opcode === OPCODE.text ? 'text' : 'binary'
    if (kind === 'text' && !isUtf8(data)) return undecoded('not_text', 'a text message is not UTF-8')
    this.#messages.push({ kind, data })
    return null
  }

  #inflate(parts: readonly Buffer[]): Buffer | Undecoded {
    try {
      const data = inflateRawSync(Buffer.concat([...parts, TAIL]), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: Math.max(1, this.#leftBytes),
        ...(this.#window.length === 0 ? {} : { dictionary: this.#window }),
      })
      const window = data.length < WINDOW_BYTES ? Buffer.concat([this.#window, data]) : data
      this.#window = window.subarray(Math.max(0, window.length - WINDOW_BYTES))
      return data
    } catch (error) {
      const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      return undecoded(tooLarge ? 'too_large' : 'unknown_encoding', `permessage-deflate: ${String(error)}`)
    }
  }
}

function outOfPlace(what: string): Undecoded {
  return undecoded('invalid_payload', `WebSocket: ${what} where there can be none`)
}
