import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { lastChunkText, writeChunk } from '../h1/message-text.ts'
import type { Place } from '../linked-list.ts'
import type { TurnQueue } from '../turn-queue.ts'
import { cutSocket } from './cut-socket.ts'
import type { Attendant, BodyListener, Downstream } from './downstream.ts'
import { answerHeadText, framingOf, interimText, type AnswerFraming } from './h1/answer-text.ts'
import type { ReceivedHead } from './h1/received-head.ts'
import type { KeptRest, UnreadAnswer, UnreadAnswers } from './unread-answers.ts'

/** What is left of a refused request is read, and the connection used again, when it is not longer than this. */
const SHORT_BODY_BYTES = 1024 * 1024

/** An answer up to this size goes out as one string with its head: one write of the kernel without a list of pieces. */
const ONE_WRITE_BYTES = 16 * 1024

/** The connection that a request came on. */
export interface H1Connection {
  readonly socket: Socket
  readonly address: string
  readonly secure: boolean
  /** What clients are told about how long it stays open: `timeout=75`. */
  readonly keepAlive: string
  readonly unreadAnswers: UnreadAnswers
  readonly turnQueue: TurnQueue
  pauseReading(): void
  resumeReading(): void
  /** The answer is whole; the socket may still hold some of it. */
  onAnswerEnded(): void
  /** The client does not read the end of an answer that is whole. */
  cutUnread(why: string): void
}

/** One request of an HTTP/1.1 client, and its answer. */
export class H1Downstream implements Downstream, UnreadAnswer {
  readonly #connection: H1Connection
  readonly #socket: Socket
  readonly #head: ReceivedHead
  /** Until the answer is whole. */
  #attendant: Attendant | null = null
  #listener: BodyListener | null = null
  #framing: AnswerFraming = 'none'
  /** Not written yet: it leaves with the first bytes of the body. */
  #headText = ''
  /** Declared and not written yet, while nothing of the body is; -1: something is, or nobody knows how long it is. */
  #bodyBytes = -1
  /** The whole body: it waits for `end`, in the same turn, so that it leaves in one write with the head. */
  #whole: Buffer | null = null
  /** It sent `Expect: 100-continue`, and nobody has told it to go on. */
  #waitsForContinue: boolean
  #waitsForDrain = false
  /** The client does not read, and the rest of the answer is kept for it. */
  #unread: Place<KeptRest> | null = null
  readonly hasBody: boolean
  closeAfterAnswer = false
  statusWritten = 0
  /** The body is still arriving. */
  receiving: boolean
  /** The whole answer was handed to the socket. */
  ended = false

  constructor(connection: H1Connection, head: ReceivedHead) {
    this.#connection = connection
    this.#socket = connection.socket
    this.#head = head
    this.hasBody = head.coding !== null || (head.contentLength !== null && head.contentLength > 0)
    this.receiving = this.hasBody
    this.#waitsForContinue = head.headers.expect !== undefined && head.httpVersion === '1.1'
  }

  get method(): string {
    return this.#head.method
  }

  get target(): string {
    return this.#head.target
  }

  get httpVersion(): string {
    return this.#head.httpVersion
  }

  get headers(): IncomingHttpHeaders {
    return this.#head.headers
  }

  get rawHeaders(): readonly string[] {
    return this.#head.rawHeaders
  }

  get address(): string {
    return this.#connection.address
  }

  get secure(): boolean {
    return this.#connection.secure
  }

  get headWritten(): boolean {
    return this.statusWritten !== 0
  }

  /** The client sends no request behind this one. */
  get askedToClose(): boolean {
    return !this.#head.keepAlive
  }

  /** No request is taken behind this one. */
  get isLast(): boolean {
    return this.closeAfterAnswer || this.askedToClose
  }

  readBody(listener: BodyListener): void {
    this.#listener = listener
    if (!this.#waitsForContinue) return
    this.#waitsForContinue = false
    this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
  }

  pauseBody(): void {
    if (this.receiving) this.#connection.pauseReading()
  }

  resumeBody(): void {
    this.#connection.resumeReading()
  }

  attend(attendant: Attendant): void {
    this.#attendant = attendant
  }

  /** For the connection: what comes of the body. Nobody may have asked for it: then the request was refused. */
  bodyData(bytes: Buffer): void {
    this.#listener?.onBodyChunk(bytes)
  }

  bodyEnd(): void {
    this.receiving = false
    this.#listener?.onBodyEnd()
  }

  /** For the connection: nothing more has come by now. */
  readEnd(): void {
    if (this.receiving) this.#listener?.onReadEnd()
  }

  /** For the connection: the body takes too long. */
  bodyLate(): void {
    this.#attendant?.onBodyLate()
  }

  /** For the connection: the body is no HTTP. */
  bodyMalformed(detail: string): void {
    this.closeAfterAnswer = true
    this.#attendant?.onBodyMalformed(detail)
  }

  /** For the connection: the process ends. */
  shutDown(): void {
    this.#attendant?.onShutdown()
  }

  /** For the connection: the socket is gone. */
  gone(): void {
    this.freeUnread()
    this.#attendant?.onClientGone('the client went away')
  }

  /** For the connection: the socket can take more. */
  drained(): void {
    if (!this.#waitsForDrain) return
    this.#waitsForDrain = false
    this.freeUnread()
    this.#attendant?.onClientDrained()
  }

  informational(status: number, headers: string[]): void {
    // One may be left out, and a client that does not read gets no more of them.
    if (this.httpVersion !== '1.1' || this.headWritten || this.#socket.writableNeedDrain) return
    const text = interimText(status, headers)
    if (text !== null) this.#socket.write(text, 'latin1')
  }

  writeHead(status: number, reason: string, headers: string[], bodyBytes: number | null): void {
    this.#framing = framingOf(this.method, this.httpVersion, status, bodyBytes)
    if (this.#framing === 'close' || this.#leavesRest(status)) this.closeAfterAnswer = true
    const keepAlive = this.isLast ? null : this.#connection.keepAlive
    this.#headText = answerHeadText(status, reason, headers, this.#framing, keepAlive)
    this.statusWritten = status
    if (bodyBytes !== null && bodyBytes <= ONE_WRITE_BYTES) this.#bodyBytes = bodyBytes
  }

  /** The request is refused before it is whole, and its rest is not known to be short. */
  #leavesRest(status: number): boolean {
    if (!this.receiving) return false
    // Such a client may send the body or leave it out: what comes next cannot be told apart.
    if (this.#waitsForContinue) return true
    return status >= 300 && !(Number(this.headers['content-length']) <= SHORT_BODY_BYTES)
  }

  flushHead(): void {
    if (this.#headText === '') return
    this.#socket.write(this.#headText, 'latin1')
    this.#headText = ''
  }

  write(chunk: Buffer, written?: () => void): boolean {
    if (chunk.length === this.#bodyBytes && written === undefined) {
      this.#bodyBytes = -1
      this.#whole = chunk
      return true
    }
    this.#bodyBytes = -1
    if (this.#framing === 'none' || chunk.length === 0) {
      written?.()
      return true
    }
    this.#corkTurn()
    this.flushHead()
    const isChunked = this.#framing === 'chunked'
    const room = isChunked ? writeChunk(this.#socket, chunk, written) : this.#socket.write(chunk, written)
    if (!room) this.#waitsForDrain = true
    return room
  }

  keepUnread(bytes: number): boolean {
    this.#unread ??= this.#connection.unreadAnswers.keep(this, bytes, performance.now())
    return this.#unread !== null
  }

  giveUpUnread(): void {
    this.freeUnread()
    this.#connection.turnQueue.add(() => this.#cutUnread())
  }

  #cutUnread(): void {
    // It may have read after all.
    if (this.#socket.writableLength === 0) return
    const why = 'the client did not read its answer, and the memory for it was needed for others'
    if (this.ended) this.#connection.cutUnread(why)
    else this.#attendant?.onClientGone(why)
  }

  /** Also for the connection: the whole answer is with the kernel. */
  freeUnread(): void {
    if (this.#unread !== null) this.#connection.unreadAnswers.free(this.#unread)
    this.#unread = null
  }

  end(trailers: readonly string[]): void {
    const text = this.#headText
    this.#headText = ''
    this.ended = true
    // A client that does not read its answer must not keep all that the exchange was.
    this.#attendant = null
    if (!this.receiving) this.#listener = null
    if (this.#whole !== null && this.#framing !== 'none')
      this.#socket.write(text + this.#whole.toString('latin1'), 'latin1')
    else if (this.#framing === 'chunked') this.#socket.write(text + lastChunkText(trailers), 'latin1')
    else if (text !== '') this.#socket.write(text, 'latin1')
    while (this.#socket.writableCorked > 0) this.#socket.uncork()
    this.#connection.onAnswerEnded()
  }

  abort(): void {
    const socket = this.#socket
    // What has come is handed on: this turn's writes are held back until its end.
    while (socket.writableCorked > 0) socket.uncork()
    // Before HTTP/1.1 the end of the connection can be that of the answer: only a reset says that it is broken. A client
    // that does not read gets one as well, or the kernel would keep its bytes for minutes.
    if (this.httpVersion === '1.1' && socket.writableLength === 0) socket.destroy()
    else cutSocket(socket)
  }

  /** What is written in one turn of the event loop leaves in one write of the kernel. */
  #corkTurn(): void {
    const socket = this.#socket
    if (socket.writableCorked > 0) return
    socket.cork()
    process.nextTick(() => socket.uncork())
  }
}
