import { MalformedMessage } from '../../h1/fields.ts'
import type { HeadMemory } from '../../h1/head-memory.ts'
import type { Place } from '../../linked-list.ts'
import { lastChunkText, writeChunk } from '../../h1/message-text.ts'
import type { AnswerHead } from './answer-head.ts'
import type { ChunkList } from '../../chunk-list.ts'
import { AnswerParser, type AnswerListener } from './answer-parser.ts'
import { BodyStream, type BodySink } from './body-stream.ts'
import type { Call, CallControl } from './call.ts'
import type { OpenSocket, SocketHandle, SocketListener } from './open-socket.ts'
import { LARGE_READ_BYTES, type ReadTurns, type TurnTaker } from './read-turns.ts'

/** Up to this size head and body go out as one string: one write of the kernel without a list of pieces. */
const ONE_WRITE_BYTES = 16 * 1024
/** An idle connection is closed by us so long before the server says it would: its close must not cross our next request. */
const KEEP_ALIVE_MARGIN_MS = 1_000

/** Instead of a turn's number: nothing large has come, and what is small is read at once. */
const SMALL = 0

/** What is sent: the head with the empty line behind it, and the body. */
export interface Request {
  readonly head: string
  readonly body: ChunkList | BodyStream | null
  /** Of a body that is still arriving: in chunks, because nobody knows its length. */
  readonly chunked: boolean
}

/** What the connections of one endpoint have in common. */
export interface Opening {
  readonly open: OpenSocket
  readonly idleLimitMs: number
  readonly heads: HeadMemory<AnswerHead>
  readonly turns: ReadTurns
}

/** Who keeps the connections of one endpoint. */
export interface ConnectionOwner {
  /** The call is over and another one may follow. */
  onReusable(connection: Connection, nowMs: number): void
  onGone(connection: Connection): void
}

/**
 * One connection to a model server: carries one call after the other. States:
 *   opening  a call waits for the socket
 *   busy     a call is under way
 *   idle     open, and nothing is under way
 *   closing  nothing may be sent any more; the socket has not said yet that it is closed
 *   closed
 */
export class Connection implements AnswerListener, SocketListener, BodySink, CallControl, TurnTaker {
  readonly openedAtMs: number
  /** performance.now() since which it is idle. */
  idleSinceMs = 0
  /** How long the server keeps it when it is idle, milliseconds. */
  idleLimitMs: number
  /** Among the connections of its owner. */
  place: Place<Connection> | null = null
  /** Of the turns. */
  turnPlace: Place<TurnTaker> | null = null
  readonly #owner: ConnectionOwner
  readonly #parser: AnswerParser
  readonly #handle: SocketHandle
  readonly #turns: ReadTurns
  #state: 'opening' | 'busy' | 'idle' | 'closing' | 'closed' = 'opening'
  #call: Call | null
  /** Until it can be sent. */
  #request: Request | null
  /** The request has been handed to the socket to its end. */
  #sent = false
  #chunked = false
  #stream: BodyStream | null = null
  #mayFollow = false
  /** By the call: its client does not take more. */
  #paused = false
  /** Its answer is large, and others are read first. */
  #waitsForTurn = false
  /** The turn of the event loop in which it may read, or SMALL. */
  #turn = SMALL
  #failure: Error | null = null
  /** performance.now() of the last read: all that is found in it happened then. */
  #readMs = 0

  constructor(opening: Opening, owner: ConnectionOwner, call: Call, request: Request) {
    this.#owner = owner
    this.idleLimitMs = opening.idleLimitMs
    this.#parser = new AnswerParser(this, opening.heads)
    this.#turns = opening.turns
    this.openedAtMs = Date.now()
    this.#call = call
    this.#request = request
    this.#handle = opening.open(this)
  }

  /** Open, and nothing is under way. */
  get idle(): boolean {
    return this.#state === 'idle'
  }

  /** Only while it is idle. */
  send(call: Call, request: Request): void {
    this.#state = 'busy'
    this.#call = call
    this.#write(request)
  }

  pause(call: Call): void {
    if (this.#call !== call || this.#paused) return
    this.#paused = true
    if (!this.#waitsForTurn) this.#handle.socket.pause()
  }

  resume(call: Call): void {
    if (this.#call !== call || !this.#paused) return
    this.#paused = false
    // The client may have taken long, and so may many others who are back in this very turn.
    if (this.#turn !== SMALL && this.#turn !== this.#turns.turn && !this.#waitsForTurn) this.#askForTurn()
    if (!this.#waitsForTurn) this.#handle.socket.resume()
  }

  onTurn(): void {
    this.#waitsForTurn = false
    this.#turn = this.#turns.turn
    if (!this.#paused) this.#handle.socket.resume()
  }

  abort(call: Call): void {
    if (this.#call === call) this.destroy()
  }

  /** Closes it at once; whoever has a call under way hears nothing. */
  destroy(): void {
    this.#call = null
    this.#end()
  }

  onSocketOpen(): void {
    const request = this.#request
    this.#request = null
    if (this.#call === null || request === null) return this.destroy()
    this.#state = 'busy'
    this.#write(request)
  }

  onSocketData(bytes: Buffer): void {
    if (this.#state === 'idle') return this.destroy() // what nobody asked for must not answer the next request
    this.#readMs = performance.now()
    const call = this.#call
    try {
      this.#parser.push(bytes)
      if (call !== null && call === this.#call) {
        call.onReadEnd()
        if (bytes.length >= LARGE_READ_BYTES) this.#afterLargeRead()
      }
    } catch (error) {
      // A mistake of ours after the end of a call is nobody's answer to fail.
      if (this.#call === null && !(error instanceof MalformedMessage)) throw error
      this.#fail(error as Error)
    }
  }

  onSocketEnd(): void {
    this.#mayFollow = false
    this.#readMs = performance.now()
    if (this.#state === 'idle') this.destroy()
    else if (!this.#parser.finish()) this.#fail(closedEarly())
  }

  onSocketDrain(): void {
    this.#stream?.onBodyDrained()
  }

  onSocketClosed(error: Error | null): void {
    if (this.#state === 'closed') return
    const unsent = this.#request !== null
    this.#state = 'closed'
    this.#leaveTurns()
    this.#owner.onGone(this)
    const call = this.#call
    if (call === null) return
    this.#call = null
    this.#parser.stop()
    call.onCallFailed(this.#failure ?? error ?? closedEarly(), unsent)
  }

  onInterim(head: AnswerHead): void {
    this.#call?.onInterim(head, this.#readMs)
  }

  onHead(head: AnswerHead): void {
    this.#mayFollow = head.keepAlive
    if (head.keepAliveMs !== null)
      this.idleLimitMs = Math.min(this.idleLimitMs, head.keepAliveMs - KEEP_ALIVE_MARGIN_MS)
    this.#call?.onAnswerHead(head, this.#readMs)
  }

  onData(bytes: Buffer): void {
    this.#call?.onAnswerData(bytes, this.#readMs)
  }

  onEnd(trailers: readonly string[], rest: number): void {
    const call = this.#call
    this.#call = null
    this.#stream = null
    if (this.#turn === SMALL && call?.isAwaited === true) this.#turns.smallEnded(this.#readMs)
    this.#readOn()
    // Before anyone hears of the end: the next request may want just this connection.
    if (this.#mayFollow && this.#sent && rest === 0 && this.idleLimitMs > 0 && this.#flushed) {
      this.#state = 'idle'
      this.#owner.onReusable(this, this.#readMs)
    } else this.destroy()
    call?.onAnswerEnd(trailers, this.#readMs)
  }

  writeBody(chunk: Buffer, written: (() => void) | undefined): boolean {
    const { socket } = this.#handle
    if (this.#stream === null || chunk.length === 0) return true
    if (!this.#chunked) return socket.write(chunk, written)
    socket.cork()
    const room = writeChunk(socket, chunk, written)
    socket.uncork()
    return room
  }

  endBody(): void {
    if (this.#stream === null) return
    if (this.#chunked) this.#handle.socket.write(lastChunkText(), 'latin1')
    this.#sent = true
    this.#call?.onRequestSent()
  }

  #write({ head, body, chunked }: Request): void {
    const call = this.#call as Call
    const { socket } = this.#handle
    this.#parser.expect(call.method)
    if (!(body instanceof BodyStream)) {
      this.#sent = true
      if (body === null) socket.write(head, 'latin1')
      else if (body.bytes <= ONE_WRITE_BYTES) socket.write(head + body.whole().toString('latin1'), 'latin1')
      else {
        socket.cork()
        socket.write(head, 'latin1')
        for (const piece of body.pieces()) socket.write(piece)
        socket.uncork()
      }
      call.onRequestSent()
      return
    }
    this.#sent = false
    this.#chunked = chunked
    this.#stream = body
    socket.cork()
    socket.write(head, 'latin1')
    body.pipeTo(this)
    socket.uncork()
  }

  /** Nothing of the request waits for a server that does not read it: the next one would wait behind. */
  get #flushed(): boolean {
    return this.#handle.socket.writableLength === 0
  }

  /** More of a large answer is to come. */
  #afterLargeRead(): void {
    if (this.#waitsForTurn) return
    this.#askForTurn()
    if (this.#waitsForTurn && !this.#paused) this.#handle.socket.pause()
  }

  #askForTurn(): void {
    this.#waitsForTurn = !this.#turns.mayRead(this)
    this.#turn = this.#turns.turn
  }

  /** The answer is over. Where its last bytes were held back, the next one must be read. */
  #readOn(): void {
    const isHeldBack = this.#paused || this.#waitsForTurn
    this.#paused = false
    this.#leaveTurns()
    if (isHeldBack) this.#handle.socket.resume()
  }

  #leaveTurns(): void {
    if (this.#turn === SMALL) return
    this.#turn = SMALL
    this.#waitsForTurn = false
    this.#turns.leave(this)
  }

  #fail(error: Error): void {
    this.#failure = error
    this.#end()
  }

  #end(): void {
    if (this.#state === 'closed') return
    this.#state = 'closing'
    this.#leaveTurns()
    this.#parser.stop()
    this.#handle.destroy()
  }
}

function closedEarly(): Error {
  return Object.assign(new Error('the connection ended before the answer was complete'), { code: 'ECONNRESET' })
}
