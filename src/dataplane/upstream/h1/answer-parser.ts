import { ANSWER_CHUNK_LINE, ChunkReader } from '../../h1/chunk-reader.ts'
import { MalformedMessage } from '../../h1/fields.ts'
import { HeadMemory } from '../../h1/head-memory.ts'
import { HeadReader } from '../../h1/head-reader.ts'
import { isBodiless } from '../../h1/message-text.ts'
import { checkBeginning, parseAnswerHead, type AnswerHead } from './answer-head.ts'

/** Largest answer head of a model server we read; trace headers and long `ce-*` values fit. */
const MAX_HEAD_BYTES = 64 * 1024
/** A server that thinks for long may say so now and then; without end they keep the thread busy, 1 us each. */
const MOST_INTERIM = 1_000
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
 *   chunked      chunks and trailers are still to come
 *   until-close  the body ends with the connection
 */
type State = 'idle' | 'head' | 'length' | 'chunked' | 'until-close'

export class AnswerParser {
  readonly #listener: AnswerListener
  readonly #heads: HeadMemory<AnswerHead>
  #state: State = 'idle'
  /** Of the request. */
  #method = ''
  readonly #chunks = new ChunkReader(ANSWER_CHUNK_LINE, MAX_HEAD_BYTES)
  /** Of a body of known length. */
  #leftBytes = 0
  readonly #head = new HeadReader(MAX_HEAD_BYTES, checkBeginning, tooLarge)
  /** 1xx so far. */
  #interims = 0

  constructor(listener: AnswerListener, heads = new HeadMemory(parseAnswerHead)) {
    this.#listener = listener
    this.#heads = heads
  }

  /** A request of this method is being sent: the next bytes are its answer's. */
  expect(method: string): void {
    this.#state = 'head'
    this.#method = method
    this.#head.reset()
    this.#interims = 0
  }

  /** Nobody wants the rest; also from within a callback. */
  stop(): void {
    this.#state = 'idle'
  }

  /** @throws MalformedMessage for bytes that are no answer; the listener hears nothing more then. */
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
          at = this.#readHead(bytes, at)
          break
        case 'length':
          at = this.#body(bytes, at)
          break
        case 'chunked':
          at = this.#chunks.step(bytes, at, this.#listener)
          if (this.#chunks.done && this.#state === 'chunked') this.#end(this.#chunks.trailers, bytes.length - at)
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

  #readHead(bytes: Buffer, at: number): number {
    const behind = this.#head.step(bytes, at)
    const text = this.#head.take()
    if (text === null) return behind
    const head = this.#heads.read(text)
    if (head.status < 200) this.#interim(head)
    else this.#answer(head, bytes.length - behind)
    return behind
  }

  /** RFC 9110 §15.2: nobody asked for a 100 or a 101. */
  #interim(head: AnswerHead): void {
    if (head.status <= 101) throw new MalformedMessage(`the status ${head.status} is not an answer`)
    if (head.chunked || head.contentLength !== null) throw new MalformedMessage('an interim answer announces a body')
    if (++this.#interims > MOST_INTERIM) throw new MalformedMessage(`more than ${MOST_INTERIM} interim answers came`)
    this.#listener.onInterim(head)
  }

  /** RFC 9112 §6.3. */
  #answer(head: AnswerHead, rest: number): void {
    const { status, contentLength } = head
    if (isBodiless(this.#method, status) || contentLength === 0) {
      this.#state = 'length'
      this.#listener.onHead(head)
      if (this.#state === 'length') this.#end(NO_TRAILERS, rest)
      return
    }
    if (head.chunked) {
      this.#state = 'chunked'
      this.#chunks.begin()
    } else if (contentLength === null) this.#state = 'until-close'
    else {
      this.#state = 'length'
      this.#leftBytes = contentLength
    }
    this.#listener.onHead(head)
  }

  #body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#leftBytes)
    this.#leftBytes -= end - at
    this.#listener.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
    if (this.#leftBytes === 0 && this.#state === 'length') this.#end(NO_TRAILERS, bytes.length - end)
    return end
  }

  #end(trailers: readonly string[], rest: number): void {
    this.#state = 'idle'
    this.#listener.onEnd(trailers, rest)
  }
}

function tooLarge(maxBytes: number): Error {
  return new MalformedMessage(`the head of the answer is over ${maxBytes} bytes`)
}
