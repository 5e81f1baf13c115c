import { MalformedMessage, parseTrailers } from './fields.ts'

/** A chunk's size with its extensions. */
const MAX_CHUNK_LINE_BYTES = 4 * 1024
/** Trailers are short: they are nearly always within the first of these. */
const TRAILER_STEP_BYTES = 4 * 1024
// oxlint-disable-next-line no-control-regex
const CHUNK_LINE_FORBIDDEN = /[\x00-\x08\x0a-\x1f\x7f]/
const NO_TRAILERS: readonly string[] = []

/**
 * Size in hexadecimal, at most 2^52; extensions are dropped (RFC 9112 §7.1.1). Blanks behind the size are bad, but some model
 * servers write them; of a client they are refused.
 */
export const ANSWER_CHUNK_LINE = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i
export const REQUEST_CHUNK_LINE = /^([0-9a-f]{1,13})(?:;.*)?$/i

/** Who gets what is in the chunks. */
export interface ChunkListener {
  /** A view of what was pushed. */
  onData(bytes: Buffer): void
}

/**
 * Reads a chunked body, however its bytes are cut. States:
 *   size      size and extensions of a chunk
 *   data      bytes of a chunk are still to come
 *   data-end  the line end behind a chunk
 *   trailers  behind the last chunk, until the empty line
 *   done
 */
export class ChunkReader {
  trailers: readonly string[] = NO_TRAILERS
  readonly #line: RegExp
  readonly #maxTrailerBytes: number
  #state: 'size' | 'data' | 'data-end' | 'trailers' | 'done' = 'size'
  /** Of the chunk. */
  #leftBytes = 0
  /** The part of a chunk line or of trailers that came before. */
  #partial = ''

  /** `line`: what a chunk's first line looks like, its size in the first group. */
  constructor(line: RegExp, maxTrailerBytes: number) {
    this.#line = line
    this.#maxTrailerBytes = maxTrailerBytes
  }

  /** The empty line at the end was read. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /** The next byte is the first of a chunked body. */
  begin(): void {
    this.trailers = NO_TRAILERS
    this.#state = 'size'
    this.#partial = ''
  }

  /**
   * One step from `at`, which is before the end of `bytes`.
   * @returns behind what was read. @throws MalformedMessage
   */
  step(bytes: Buffer, at: number, listener: ChunkListener): number {
    switch (this.#state) {
      case 'size':
        return this.#size(bytes, at)
      case 'data': {
        const end = Math.min(bytes.length, at + this.#leftBytes)
        this.#leftBytes -= end - at
        if (this.#leftBytes === 0) this.#state = 'data-end'
        listener.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
        return end
      }
      case 'data-end':
        return this.#dataEnd(bytes, at)
      case 'trailers':
        return this.#readTrailers(bytes, at)
      case 'done':
        return at
    }
  }

  #size(bytes: Buffer, at: number): number {
    const lineFeed = bytes.indexOf(10, at)
    const end = lineFeed === -1 ? bytes.length : lineFeed
    const text = this.#partial + bytes.toString('latin1', at, end)
    if (text.length > MAX_CHUNK_LINE_BYTES) throw new MalformedMessage('the size of a chunk has too many characters')
    if (lineFeed === -1) {
      this.#partial = text
      return end
    }
    this.#partial = ''
    const line = text.slice(0, -1)
    const size = this.#line.exec(line)?.[1]
    if (text.at(-1) !== '\r' || size === undefined || CHUNK_LINE_FORBIDDEN.test(line))
      throw new MalformedMessage('the size of a chunk is not a hexadecimal number')
    this.#leftBytes = Number.parseInt(size, 16)
    this.#state = this.#leftBytes === 0 ? 'trailers' : 'data'
    return lineFeed + 1
  }

  #dataEnd(bytes: Buffer, at: number): number {
    const wanted = '\r\n'.slice(this.#partial.length)
    const text = bytes.toString('latin1', at, Math.min(bytes.length, at + wanted.length))
    if (!wanted.startsWith(text)) throw new MalformedMessage('a chunk is longer than its size')
    this.#partial += text
    if (this.#partial.length === 2) {
      this.#partial = ''
      this.#state = 'size'
    }
    return at + text.length
  }

  #readTrailers(bytes: Buffer, at: number): number {
    const before = this.#partial.length
    const text = this.#partial + bytes.toString('latin1', at, Math.min(bytes.length, at + TRAILER_STEP_BYTES))
    // Without trailers the empty line is all there is.
    const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    // Up to three of the characters may be of the empty line.
    if (end > this.#maxTrailerBytes || (end === -1 && text.length - 3 > this.#maxTrailerBytes))
      throw new MalformedMessage(`the trailers are over ${this.#maxTrailerBytes} bytes`)
    if (end === -1) {
      this.#partial = text
      return at + text.length - before
    }
    this.#partial = ''
    this.trailers = end === 0 ? NO_TRAILERS : parseTrailers(text.slice(0, end))
    this.#state = 'done'
    return at + end + (end === 0 ? 2 : 4) - before
  }
}
