import { AnswerError, checkBeginning, parseTrailers, type AnswerHead } from './answer-head.ts'
import { HeadMemory } from './head-memory.ts'

/** Largest answer head of a model server we read; trace headers and long `ce-*` values fit. */
const MAX_HEAD_BYTES = 64 * 1024
/** Nearly every head, and every small answer, is within the first of these. */
const HEAD_STEP_BYTES = 4 * 1024
/** A chunk's size with its extensions. */
const MAX_CHUNK_LINE_BYTES = 4 * 1024
/** Size in hexadecimal, at most 2^52; extensions are dropped (RFC 9112 §7.1.1). */
const CHUNK_LINE = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i
// oxlint-disable-next-line no-control-regex
const CHUNK_LINE_FORBIDDEN = /[\x00-\x08\x0a-\x1f\x7f]/
const NO_TRAILERS: readonly string[] = []

/** What is found in the bytes of one answer, in order. */
export interface AnswerListener {
  onInterim(head: AnswerHead): void
  onHead(head: AnswerHead): void
  /** A view of what was pushed. */
  onData(bytes: Buffer): void
  /** `rest`: bytes behind the answer; there should be none. */
  onEnd(trailers: readonly string[], rest: number): void
}

/**
 * Reads the bytes of one answer after the other, however they are cut. States:
 *   idle         no request is under way: bytes that come now belong to nothing
 *   head         until the empty line
 *   length       so many bytes of body are still to come
 *   chunk-line   size and extensions of a chunk
 *   chunk        bytes of a chunk are still to come
 *   chunk-end    the line end behind a chunk
 *   trailers     behind the last chunk, until the empty line
 *   until-close  the body ends with the connection
 */
type State = 'idle' | 'head' | 'length' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close'

export class AnswerParser {
  readonly #listener: AnswerListener
  readonly #heads: HeadMemory
  #state: State = 'idle'
  #withoutBody = false
  /** Of the body or of the chunk. */
  #leftBytes = 0
  /** The part of a head, a chunk line or trailers that came before. */
  #partial = ''

  constructor(listener: AnswerListener, heads = new HeadMemory()) {
    this.#listener = listener
    this.#heads = heads
  }

  /** A request of this method is being sent: the next bytes are its answer's. */
  expect(method: string): void {
    this.#state = 'head'
    this.#withoutBody = method === 'HEAD'
    this.#partial = ''
  }

  /** Nobody wants the rest; also from within a callback. */
  stop(): void {
    this.#state = 'idle'
  }

  /** @throws AnswerError for bytes that are no answer; the listener hears nothing more then. */
  push(bytes: Buffer): void {
    try {
      this.#read(bytes)
    } catch (error) {
      this.#state = 'idle'
      throw error
    }
  }

  #read(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      switch (this.#state) {
        case 'idle':
          return
        case 'head':
          at = this.#head(bytes, at)
          break
        case 'length':
        case 'chunk':
          at = this.#body(bytes, at)
          break
        case 'chunk-line':
          at = this.#chunkLine(bytes, at)
          break
        case 'chunk-end':
          at = this.#chunkEnd(bytes, at)
          break
        case 'trailers':
          at = this.#trailers(bytes, at)
          break
        case 'until-close':
          this.#listener.onData(at === 0 ? bytes : bytes.subarray(at))
          return
      }
    }
  }

  /** The connection has ended. @returns whether that is the end of a whole answer; the listener has heard of it then. */
  finish(): boolean {
    if (this.#state !== 'until-close') return false
    this.#state = 'idle'
    this.#listener.onEnd(NO_TRAILERS, 0)
    return true
  }

  #head(bytes: Buffer, at: number): number {
    const before = this.#partial.length
    const step = bytes.toString('latin1', at, Math.min(bytes.length, at + HEAD_STEP_BYTES))
    const text = before === 0 ? step : this.#partial + step
    // The empty line may have begun with the last bytes that came before.
    const end = text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if (end > MAX_HEAD_BYTES || (end === -1 && text.length > MAX_HEAD_BYTES))
      throw new AnswerError(`the head of the answer is over ${MAX_HEAD_BYTES} bytes`)
    if (end === -1) {
      // What can be no head is not waited for. Only the new part is looked at: it may come byte by byte.
      checkBeginning(text, Math.max(0, before - 1))
      this.#partial = text
      return at + step.length
    }
    this.#partial = ''
    const bodyAt = at + end + 4 - before
    const head = this.#heads.read(text.slice(0, end))
    if (head.status < 200) this.#interim(head)
    else this.#answer(head, bytes.length - bodyAt)
    return bodyAt
  }

  /** RFC 9110 §15.2: nobody asked for a 100 or a 101. */
  #interim(head: AnswerHead): void {
    if (head.status <= 101) throw new AnswerError(`the status ${head.status} is not an answer`)
    if (head.chunked || head.contentLength !== null) throw new AnswerError('an interim answer announces a body')
    this.#listener.onInterim(head)
  }

  /** RFC 9112 §6.3. */
  #answer(head: AnswerHead, rest: number): void {
    const { status, contentLength } = head
    if (this.#withoutBody || status === 204 || status === 304 || contentLength === 0) {
      this.#state = 'length'
      this.#listener.onHead(head)
      if (this.#state === 'length') this.#end(NO_TRAILERS, rest)
      return
    }
    if (head.chunked) this.#state = 'chunk-line'
    else if (contentLength === null) this.#state = 'until-close'
    else {
      this.#state = 'length'
      this.#leftBytes = contentLength
    }
    this.#listener.onHead(head)
  }

  #body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#leftBytes)
    this.#leftBytes -= end - at
    const state = this.#state
    if (this.#leftBytes === 0 && state === 'chunk') this.#state = 'chunk-end'
    this.#listener.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
    if (this.#leftBytes === 0 && state === 'length' && this.#state === 'length')
      this.#end(NO_TRAILERS, bytes.length - end)
    return end
  }

  #chunkLine(bytes: Buffer, at: number): number {
    const lineFeed = bytes.indexOf(10, at)
    const end = lineFeed === -1 ? bytes.length : lineFeed
    const text = this.#partial + bytes.toString('latin1', at, end)
    if (text.length > MAX_CHUNK_LINE_BYTES) throw new AnswerError('the size of a chunk has too many characters')
    if (lineFeed === -1) {
      this.#partial = text
      return end
    }
    this.#partial = ''
    const line = text.slice(0, -1)
    const size = CHUNK_LINE.exec(line)?.[1]
    if (text.at(-1) !== '\r' || size === undefined || CHUNK_LINE_FORBIDDEN.test(line))
      throw new AnswerError('the size of a chunk is not a hexadecimal number')
    this.#leftBytes = Number.parseInt(size, 16)
    this.#state = this.#leftBytes === 0 ? 'trailers' : 'chunk'
    return lineFeed + 1
  }

  #chunkEnd(bytes: Buffer, at: number): number {
    const wanted = '\r\n'.slice(this.#partial.length)
    const text = bytes.toString('latin1', at, Math.min(bytes.length, at + wanted.length))
    if (!wanted.startsWith(text)) throw new AnswerError('a chunk is longer than its size')
    this.#partial += text
    if (this.#partial.length === 2) {
      this.#partial = ''
      this.#state = 'chunk-line'
    }
    return at + text.length
  }

  #trailers(bytes: Buffer, at: number): number {
    const before = this.#partial.length
    const text = this.#partial + bytes.toString('latin1', at, Math.min(bytes.length, at + HEAD_STEP_BYTES))
    // Without trailers the empty line is all there is.
    const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if (end > MAX_HEAD_BYTES || (end === -1 && text.length > MAX_HEAD_BYTES))
      throw new AnswerError(`the trailers of the answer are over ${MAX_HEAD_BYTES} bytes`)
    if (end === -1) {
      this.#partial = text
      return at + text.length - before
    }
    this.#partial = ''
    const next = at + end + (end === 0 ? 2 : 4) - before
    this.#end(end === 0 ? NO_TRAILERS : parseTrailers(text.slice(0, end)), bytes.length - next)
    return next
  }

  #end(trailers: readonly string[], rest: number): void {
    this.#state = 'idle'
    this.#listener.onEnd(trailers, rest)
  }
}
