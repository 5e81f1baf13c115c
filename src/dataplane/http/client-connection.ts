import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { ErrorCode } from '../../errors.ts'
import type { DataPlane } from '../data-plane.ts'
import { MalformedMessage } from '../h1/fields.ts'
import { handleRequest } from '../handle-request.ts'
import type { LinkedList, Place } from '../linked-list.ts'
import type { TurnQueue } from '../turn-queue.ts'
import { clientAddress } from './client-address.ts'
import { ClientDeadline, type Awaited, type DeadlineListener } from './client-deadline.ts'
import { H1Downstream, type H1Connection } from './h1-downstream.ts'
import { announcesBody, type ReceivedHead } from './h1/received-head.ts'
import { HeadTooLarge, RequestParser, type RequestListener } from './h1/request-parser.ts'
import { countFault, countUnread, malformed } from './client-faults.ts'
import { closeAnswered } from './close-answered.ts'
import { cutSocket } from './cut-socket.ts'
import { closeLingering } from './linger.ts'
import { answerRaw } from './problem.ts'
import { readInPlace } from './read-in-place.ts'
import { ReaderWatch } from './reader-watch.ts'
import { hear, hearBytes, unhear, type ClientSocketListener } from './client-socket.ts'
import type { UnreadAnswers } from './unread-answers.ts'
import { handleUpgrade, isWebSocket } from './upgrade.ts'

/** Bytes that wait for the answer to the request before them; of a client that sends more no more is read. */
const AHEAD_BYTES = 64 * 1024
const NOTHING: Buffer = Buffer.alloc(0)

/**
 * One client connection on HTTP/1.1. It reads requests one after the other and has each of them handled; the next begins
 * when the answer to the one before it is with the kernel and its body is read. Only the head of the next one is looked at
 * before that: bytes that are no request at all close the connection behind the answer.
 *
 * A request of which the body was announced begins with the body's first byte. Before that nobody could do much for it, while an
 * exchange and what belongs to it are half of what its client costs (slowhttptest -B: the p99 of the others was 1.16 times
 * the quiet one). Who sends head and body in two packets has the whole body in one write to the model server by that. States:
 *   open      requests are read
 *   closing   nothing is a request any more: behind a last answer, or a refusal. What comes is thrown away
 *   upgraded  it is no HTTP any more, the tunnel has the socket
 *   closed    the socket is gone
 */
export class ClientConnection implements RequestListener, ClientSocketListener, DeadlineListener, H1Connection {
  readonly socket: Socket
  readonly secure: boolean
  readonly #plane: DataPlane
  readonly #open: LinkedList<ClientConnection>
  readonly #place: Place<ClientConnection>
  readonly #parser: RequestParser
  readonly #deadline: ClientDeadline
  #state: 'open' | 'closing' | 'upgraded' | 'closed' = 'open'
  /** The request under way. */
  #busy: H1Downstream | null = null
  /** A head whose turn has not come. */
  #next: ReceivedHead | null = null
  /** What has come and is not read yet, from `#at`. */
  #input = NOTHING
  #at = 0
  #pumping = false
  #bodyPaused = false
  /** The client has sent so much ahead that it is not read. */
  #heldBack = false
  /** While the end of an answer waits for its client. */
  #reader: ReaderWatch | null = null
  /** How many requests have begun. */
  #begun = 0
  /** Something has come since the last sweep. */
  #hasCome = true
  /** When a sweep last saw that, performance.now(). */
  #seenAtMs = 0

  /** It is in `open` until its socket is closed. */
  constructor(plane: DataPlane, accepted: Socket, open: LinkedList<ClientConnection>) {
    this.#plane = plane
    this.#open = open
    this.#place = open.add(this)
    plane.connections++
    this.socket = accepted
    this.secure = accepted instanceof TLSSocket
    this.#parser = new RequestParser(this, plane.limits.headersBytes, plane.firstHeads)
    this.#deadline = new ClientDeadline(plane, this)
    this.#deadline.hold('head', 0)
    hear(accepted, this)
    if (this.secure || !readInPlace(accepted)) hearBytes(accepted)
  }

  /** Asked for at the first request, and remembered by the socket: the kernel takes 11 us, and thousands may never send one. */
  get address(): string {
    return clientAddress(this.socket)
  }

  get keepAlive(): string {
    return this.#plane.keepAlive
  }

  get unreadAnswers(): UnreadAnswers {
    return this.#plane.unreadAnswers
  }

  get turnQueue(): TurnQueue {
    return this.#plane.turnQueue
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.#state === 'open' && this.#busy === null && this.#next === null && !this.#parser.inHead
  }

  /** A request whose turn has come waits for the first byte of its body. */
  get #awaitsBody(): boolean {
    return this.#busy === null && this.#next !== null
  }

  /**
   * Called now and then: closes a connection on which nothing has come for `idleMs`. A timer of its own, set and cleared
   * around each request, costs 1 us a request.
   */
  sweep(nowMs: number, idleMs: number): void {
    if (this.#busy !== null || this.#next !== null || this.#state !== 'open') return
    if (this.#hasCome) {
      this.#hasCome = false
      this.#seenAtMs = nowMs
    } else if (nowMs - this.#seenAtMs >= idleMs) this.socket.destroy()
    else this.#parser.rest()
  }

  /** The process ends: who waits for an answer is told. @returns whether somebody did. */
  shutDown(): boolean {
    if (this.#awaitsBody) {
      this.#refuse('DRAINING', 'the proxy is shutting down, and the body had not begun to arrive')
      return true
    }
    const client = this.#busy
    if (client === null || client.ended) return false
    client.shutDown()
    return true
  }

  pauseReading(): void {
    if (this.#bodyPaused) return
    this.#bodyPaused = true
    this.socket.pause()
  }

  resumeReading(): void {
    if (!this.#bodyPaused) return
    this.#bodyPaused = false
    if (!this.#heldBack) this.socket.resume()
  }

  onHead(head: ReceivedHead): void {
    this.#next = head
  }

  onData(bytes: Buffer): void {
    this.#busy?.bodyData(bytes)
  }

  onEnd(): void {
    // What is behind it is looked at, and whether the client is still there.
    this.resumeReading()
    this.#busy?.bodyEnd()
  }

  onAnswerEnded(): void {
    this.resumeReading()
    this.#pump()
  }

  cutUnread(why: string): void {
    countUnread(this.#plane, why)
    // With a reset, or the kernel would keep the bytes for minutes.
    cutSocket(this.socket)
  }

  /** Once it is no HTTP any more, the bytes of who is read in place are the stream's. */
  onSocketBytes(view: Buffer): boolean {
    if (this.#state === 'upgraded') return this.socket.push(Buffer.from(view))
    if (this.#state !== 'open') return true
    this.#hasCome = true
    if (this.#begun === 0 && !this.#parser.inHead) this.#deadline.firstByte()
    this.#input = this.#at === this.#input.length ? view : Buffer.concat([this.#input.subarray(this.#at), view])
    this.#at = 0
    this.#pump()
    this.#input = this.#at === this.#input.length ? NOTHING : Buffer.from(this.#input.subarray(this.#at))
    this.#at = 0
    return true
  }

  /** A FIN: of whoever has closed, and of whoever only sends no more, which cannot be told apart. */
  onSocketEnd(): void {
    if (this.#state !== 'open') return
    const client = this.#busy
    if (client === null) {
      // Nobody waits for an answer to half a request. Those who leave together may be many: none is written.
      if (this.#parser.inHead) countFault(this.#plane, 'BAD_REQUEST', malformed('it ended within its head'))
      else if (this.#awaitsBody) countFault(this.#plane, 'BAD_REQUEST', malformed('it ended before its body'))
      this.socket.end()
    } else if (client.ended) {
      // The end of the answer is on its way. What was sent ahead could not be answered any more.
      client.closeAfterAnswer = true
      this.#parser.stop()
      this.#next = null
      this.#at = this.#input.length
      this.#pump()
    } else this.socket.destroy()
  }

  onSocketDrain(): void {
    this.#busy?.drained()
  }

  onSocketClosed(): void {
    this.#open.remove(this.#place)
    this.#plane.connections--
    this.#state = 'closed'
    this.#deadline.stop()
    const client = this.#busy
    this.#busy = null
    client?.gone()
  }

  /** Goes on as far as it can, with the answer that has ended and with the bytes that have come. */
  #pump(): void {
    // An answer may end within the handling of its request.
    if (this.#pumping) return
    this.#pumping = true
    while (this.#state === 'open' && (this.#finish() || this.#begin() || this.#read()));
    this.#pumping = false
    if (this.#state !== 'open') return
    this.#busy?.readEnd()
    this.#watch()
  }

  /** The request under way, if it is over. @returns whether it is. */
  #finish(): boolean {
    const client = this.#busy
    if (client === null || !client.ended || this.socket.writableLength > 0) return false
    client.freeUnread()
    if (client.isLast) {
      this.#close(client)
      return true
    }
    if (client.receiving) return false
    this.#busy = null
    return true
  }

  /** The request whose head is there, if its turn has come. @returns whether it has. */
  #begin(): boolean {
    const head = this.#next
    if (head === null || this.#busy !== null) return false
    if (announcesBody(head, this.#plane.limits.bodyBytes) && this.#at === this.#input.length) return false
    this.#next = null
    this.#begun++
    if (head.method === 'CONNECT') this.#refuse('NOT_IMPLEMENTED', 'CONNECT is not supported')
    else if (isWebSocket(head)) this.#upgrade(head)
    else {
      const client = new H1Downstream(this, head)
      this.#busy = client
      if (this.#plane.draining) client.closeAfterAnswer = true
      handleRequest(this.#plane, client)
    }
    return true
  }

  /** As far as the end of a head or of a request. @returns whether there was something to read. */
  #read(): boolean {
    if (this.#at === this.#input.length || this.#next !== null) return false
    if (this.#busy?.isLast && !this.#busy.receiving) {
      this.#at = this.#input.length
      return false
    }
    this.#parser.next()
    const from = this.#at
    try {
      this.#at = this.#parser.push(this.#input, from)
    } catch (error) {
      this.#at = this.#input.length
      if (error instanceof HeadTooLarge) this.#refuse('HEADERS_TOO_LARGE', error.message)
      else if (error instanceof MalformedMessage) this.#refuse('BAD_REQUEST', malformed(error.message))
      else throw error
    }
    return this.#at > from
  }

  /** Sets the deadline that holds now, and stops reading what comes too far ahead. */
  #watch(): void {
    const isAhead = this.#input.length - this.#at >= AHEAD_BYTES
    if (isAhead !== this.#heldBack) {
      this.#heldBack = isAhead
      if (isAhead) this.socket.pause()
      else if (!this.#bodyPaused) this.socket.resume()
    }
    const awaited = this.#awaited()
    // The time of a body does not begin anew with its first byte.
    const requests = this.#awaitsBody ? this.#begun + 1 : this.#begun
    // The next request begins when the answer is with the kernel.
    if (!this.#deadline.hold(awaited, requests) || awaited !== 'reader') return
    this.socket.write(NOTHING, () => this.#onTaken())
    this.#reader = new ReaderWatch(this.socket)
  }

  /** The answer is with the kernel, or the client was cut: what it has sent ahead must not begin. */
  #onTaken(): void {
    if (!this.socket.destroyed) this.#pump()
  }

  #awaited(): Awaited {
    const client = this.#busy
    if (client?.ended) return this.socket.writableLength > 0 ? 'reader' : 'rest'
    if (client?.receiving || this.#awaitsBody) return 'body'
    return this.#parser.inHead || this.#begun === 0 ? 'head' : 'none'
  }

  onDeadline(awaited: Awaited): void {
    switch (awaited) {
      case 'head':
        this.#refuse('REQUEST_TIMEOUT', 'the request did not arrive in time (limits.header_wait, limits.request)')
        break
      case 'body':
        if (this.#busy !== null) this.#busy.bodyLate()
        else this.#refuse('REQUEST_TIMEOUT', 'the body did not begin to arrive in time (limits.request)')
        break
      case 'reader':
        if (this.#reader?.hasRead() === true) this.#deadline.hold('reader', this.#begun)
        else
          this.cutUnread(
            `the client read nothing of the end of its answer for ${this.#plane.limits.idleMs} ms (limits.idle)`,
          )
        break
      case 'rest':
        this.socket.destroy()
        break
      case 'none':
        break
    }
  }

  /** What comes is no request, or not in time. */
  #refuse(code: ErrorCode, detail: string): void {
    const client = this.#busy
    this.#parser.stop()
    this.#next = null
    if (client?.receiving && !client.ended) {
      // Its exchange counts it, and says it to the client.
      client.bodyMalformed(detail)
      return
    }
    countFault(this.#plane, code, detail)
    if (client === null) {
      this.#end()
      answerRaw(this.socket, code, detail)
    } else {
      // The request before it was sound, and gets its answer.
      client.closeAfterAnswer = true
      this.#pump()
    }
  }

  /** Behind the last answer. */
  #close(client: H1Downstream): void {
    this.#busy = null
    this.#end()
    // A client that has not said so itself may be sending its next request, which a closed socket answers with a reset.
    if (client.receiving || !client.askedToClose) closeLingering(this.socket)
    else closeAnswered(this.socket, this.#plane.turnEnds)
  }

  /** Nothing is a request any more. */
  #end(): void {
    this.#state = 'closing'
    this.#deadline.stop()
    this.#next = null
    this.#input = NOTHING
    this.#at = 0
    if (this.#heldBack || this.#bodyPaused) this.socket.resume()
  }

  #upgrade(head: ReceivedHead): void {
    const { socket } = this
    const rest = Buffer.from(this.#input.subarray(this.#at))
    this.#end()
    this.#state = 'upgraded'
    unhear(socket)
    // The stream waits for its reader; the socket goes on filling it, and notices its end.
    Duplex.prototype.pause.call(socket)
    handleUpgrade(this.#plane, head, socket, rest)
  }
}
