import { connect, type Socket } from 'node:net'
import { MessageReader, WireError, type Message } from './http1-reader.ts'
import type { ErrorKind } from './load-plan.ts'
import { monotonicMs } from './metronome.ts'

/** How a request ended: null for a good answer. */
export type Outcome = ErrorKind | null

export interface ConnectionOptions {
  readonly port: number
  readonly requestBytes: Buffer
  /** Close after each answer. */
  readonly fresh: boolean
  /** Most requests under way at a time. */
  readonly pipelining: number
  /** Called once per request that was sent, after its place is free again. */
  readonly onOutcome: (connection: ClientConnection, sent: SentRequest, outcome: Outcome) => void
}

export interface SentRequest {
  readonly request: number
  /** When the head of its answer was there, on the clock of `monotonicMs`; null: it never was. */
  headAtMs: number | null
}

/** One for all: nothing is left in it when the next read begins. */
const READ_BUFFER = Buffer.alloc(65_536)

/** A place for one connection: opens it when needed, and again after it was closed. */
export class ClientConnection {
  readonly #options: ConnectionOptions
  #socket: Socket | null = null
  /** Requests under way, in the order in which their answers come. */
  readonly #sent: SentRequest[] = []

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** The number of the oldest request under way; null: there is none. */
  get oldest(): number | null {
    return this.#sent[0]?.request ?? null
  }

  get hasRoom(): boolean {
    return this.#sent.length < this.#options.pipelining
  }

  /** Opens the connection ahead of the first request. Resolves also when that failed: the request will fail again. */
  async open(): Promise<void> {
    const socket = this.#connect()
    await new Promise<void>(resolve => {
      socket.once('connect', resolve)
      socket.once('close', () => resolve())
    })
  }

  send(request: number): void {
    this.#sent.push({ request, headAtMs: null })
    const socket = this.#socket ?? this.#connect()
    socket.write(this.#options.requestBytes)
  }

  /** Ends what is under way as timed out: behind an answer that does not come no other can. */
  giveUp(): void {
    this.#fail('timeout')
  }

  close(): void {
    this.#drop()
  }

  #connect(): Socket {
    // Read in place, so that the answers leave no garbage: what the driver collects, the requests wait for.
    const onread = { buffer: READ_BUFFER, callback: (length: number) => received(length) }
    const socket = connect({ host: '127.0.0.1', port: this.#options.port, noDelay: true, onread })
    this.#socket = socket
    // A socket that was given up may still speak; what it says belongs to no request.
    const current = (): boolean => this.#socket === socket
    const reader = new MessageReader(
      'answer',
      message => {
        if (current()) this.#answered(message)
      },
      () => {
        if (current()) this.#answerBegan()
      },
    )
    const failed = (error: NodeJS.ErrnoException): void => {
      if (current()) this.#fail(error instanceof WireError ? 'protocol' : errorKind(error.code))
    }
    const received = (length: number): boolean => {
      if (!current()) return true
      try {
        reader.push(READ_BUFFER.subarray(0, length))
      } catch (error) {
        failed(error as Error)
      }
      return true
    }
    socket.on('end', () => {
      if (!current()) return
      try {
        reader.finish()
        this.#fail('reset')
      } catch {
        this.#fail('reset') // the server closed inside an answer: a lost connection, not a wrong message
      }
    })
    socket.on('error', failed)
    socket.on('close', () => {
      if (current()) this.#fail('reset')
    })
    return socket
  }

  #answerBegan(): void {
    const [first] = this.#sent
    if (first !== undefined) first.headAtMs = monotonicMs()
  }

  #answered(message: Message): void {
    const first = this.#sent.shift()
    if (first === undefined) throw new WireError('an answer that belongs to no request')
    const closed = this.#options.fresh || !message.keepAlive
    // Requests sent after one that closes the connection are lost; the next one opens a new connection.
    const lost = closed ? this.#sent.splice(0) : []
    if (closed) this.#drop()
    const good = message.status >= 200 && message.status < 300
    this.#options.onOutcome(this, first, good ? null : 'status')
    for (const sent of lost) this.#options.onOutcome(this, sent, 'reset')
  }

  #fail(outcome: ErrorKind): void {
    // Taken off first: with the first outcome a new request may be sent.
    const failed = this.#sent.splice(0)
    this.#drop()
    for (const sent of failed) this.#options.onOutcome(this, sent, outcome)
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }
}

function errorKind(code: string | undefined): ErrorKind {
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'EADDRNOTAVAIL' || code === 'EMFILE' || code === 'ENFILE') return 'local'
  return 'reset'
}
