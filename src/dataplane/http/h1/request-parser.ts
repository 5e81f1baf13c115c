import { ChunkReader, REQUEST_CHUNK_LINE } from '../../h1/chunk-reader.ts'
import { MalformedMessage } from '../../h1/fields.ts'
import { HeadMemory } from '../../h1/head-memory.ts'
import { HeadReader } from '../../h1/head-reader.ts'
import { checkRequestBeginning, parseRequestHead, type ReceivedHead } from './received-head.ts'

const CR = 13
const LF = 10

/** What is found in the bytes of requests, in order. */
export interface RequestListener {
  /** A request that has no body ends with it. */
  onHead(head: ReceivedHead): void
  /** A view of what was pushed. */
  onData(bytes: Buffer): void
  /** Of a body. */
  onEnd(): void
}

/** The head is longer than the limit. */
export class HeadTooLarge extends Error {
  readonly code = 'HEADERS_TOO_LARGE'
}

/**
 * Reads the bytes of one request after the other, however they are cut. States:
 *   head     until the empty line
 *   length   so many bytes of body are still to come
 *   chunked  chunks and trailers are still to come; request trailers are dropped
 *   ended    the request is whole: nothing is read before `next`
 *   stuck    nobody can tell where the request ends: nothing is read any more
 */
type State = 'head' | 'length' | 'chunked' | 'ended' | 'stuck'

export class RequestParser {
  readonly #listener: RequestListener
  readonly #head: HeadReader
  readonly #maxHeadBytes: number
  /** From the first chunked body on. */
  #chunks: ChunkReader | null = null
  readonly #firstHeads: HeadMemory<ReceivedHead>
  /** From the second request on. */
  #ownHeads: HeadMemory<ReceivedHead> | null = null
  #state: State = 'head'
  #leftBytes = 0
  /** Of the empty line in front of a head its first half has come. */
  #isAfterCr = false

  /** `firstHeads`: for the first request of each connection that shares it. */
  constructor(listener: RequestListener, maxHeadBytes: number, firstHeads = new HeadMemory(parseRequestHead)) {
    this.#listener = listener
    this.#firstHeads = firstHeads
    this.#head = new HeadReader(maxHeadBytes, checkRequestBeginning, tooLarge)
    this.#maxHeadBytes = maxHeadBytes
  }

  /** Some of a head has come, and not all of it. */
  get inHead(): boolean {
    return this.#head.begun || this.#isAfterCr
  }

  /** The body of a request is still to come. */
  get inBody(): boolean {
    return this.#state === 'length' || this.#state === 'chunked'
  }

  /** Nothing has come for a while: memory is for those from whom something does. */
  rest(): void {
    this.#ownHeads?.forget()
  }

  /** Behind the end of a request: what comes now is the next one. */
  next(): void {
    if (this.#state !== 'ended') return
    this.#state = 'head'
    this.#ownHeads ??= this.#firstHeads.own()
  }

  /** Nothing is read any more; also from within a callback. */
  stop(): void {
    this.#state = 'stuck'
    this.#head.reset()
    this.#isAfterCr = false
  }

  /**
   * Reads from `at` to the end of the bytes, of a head or of a request, whichever comes first.
   * @returns behind what was read. @throws MalformedMessage or HeadTooLarge; nothing is read any more then.
   */
  push(bytes: Buffer, at: number): number {
    try {
      return this.#read(bytes, at)
    } catch (error) {
      this.stop()
      throw error
    }
  }

  #read(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(bytes, at)
          if (this.#state !== 'head') return at
          break
        case 'length':
          at = this.#body(bytes, at)
          break
        case 'chunked':
          at = this.#readChunks(bytes, at)
          break
        case 'ended':
        case 'stuck':
          return at
      }
    }
    return at
  }

  #readHead(bytes: Buffer, at: number): number {
    if (this.#isAfterCr || (bytes[at] === CR && !this.#head.begun)) return this.#skipEmptyLine(bytes, at)
    const behind = this.#head.step(bytes, at)
    const text = this.#head.take()
    if (text !== null) this.#begin(text)
    return behind
  }

  /** Some clients send one behind a body (RFC 9112 §2.2). It may come in two parts. */
  #skipEmptyLine(bytes: Buffer, at: number): number {
    const from = this.#isAfterCr ? at : at + 1
    this.#isAfterCr = from === bytes.length
    if (from < bytes.length && bytes[from] !== LF) throw new MalformedMessage('it does not begin with a method')
    return Math.min(bytes.length, from + 1)
  }

  #begin(text: string): void {
    const head = (this.#ownHeads ?? this.#firstHeads).read(text)
    const { contentLength, coding } = head
    if (coding !== null) {
      this.#state = coding.toLowerCase() === 'chunked' && head.httpVersion === '1.1' ? 'chunked' : 'stuck'
      this.#chunks ??= new ChunkReader(REQUEST_CHUNK_LINE, this.#maxHeadBytes)
      this.#chunks.begin()
    } else if (contentLength !== null && contentLength > 0) {
      this.#state = 'length'
      this.#leftBytes = contentLength
    } else this.#state = 'ended'
    this.#listener.onHead(head)
  }

  #body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#leftBytes)
    this.#leftBytes -= end - at
    this.#listener.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
    if (this.#leftBytes === 0 && this.#state === 'length') this.#end()
    return end
  }

  #readChunks(bytes: Buffer, at: number): number {
    const chunks = this.#chunks as ChunkReader
    const behind = chunks.step(bytes, at, this.#listener)
    if (chunks.done && this.#state === 'chunked') this.#end()
    return behind
  }

  #end(): void {
    this.#state = 'ended'
    this.#listener.onEnd()
  }
}

function tooLarge(): Error {
  return new HeadTooLarge('the request head is over the limit (limits.headers)')
}
