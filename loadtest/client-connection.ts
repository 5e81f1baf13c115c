import { connect, type Socket } from 'node:net'
import { MessageReader, WireError, type Message } from './http1-reader.ts'
import type { ErrorKind } from './load-plan.ts'

/** How a request ended: null for a good answer. */
export type Outcome = ErrorKind | null

export interface ConnectionOptions {
  readonly port: number
  readonly requestBytes: Buffer
  /** Close after each answer. */
  readonly fresh: boolean
  /** Called once per request that was sent, after the connection is free again. */
  readonly onOutcome: (connection: ClientConnection, request: number, outcome: Outcome) => void
}

const NO_REQUEST = -1

/** A place for one connection: opens it when needed, again after it was closed, and has one request under way at most. */
export class ClientConnection {
  readonly #options: ConnectionOptions
  #socket: Socket | null = null
  #request = NO_REQUEST

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** The number of the request under way, or -1. */
  get request(): number {
    return this.#request
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
    this.#request = request
    const socket = this.#socket ?? this.#connect()
    socket.write(this.#options.requestBytes)
  }

  /** Ends the request under way as timed out. */
  giveUp(): void {
    this.#end('timeout', true)
  }

  close(): void {
    this.#drop()
  }

  #connect(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#options.port, noDelay: true })
    this.#socket = socket
    const reader = new MessageReader('answer', message => this.#answered(message))
    // A socket that was given up may still speak; what it says belongs to no request.
    const current = (): boolean => this.#socket === socket
    const failed = (error: NodeJS.ErrnoException): void => {
      if (current()) this.#end(error instanceof WireError ? 'protocol' : errorKind(error.code), true)
    }
    socket.on('data', (bytes: Buffer) => {
      if (!current()) return
      try {
        reader.push(bytes)
      } catch (error) {
        failed(error as Error)
      }
    })
    socket.on('end', () => {
      if (!current()) return
      try {
        reader.finish()
        this.#end('reset', true)
      } catch {
        this.#end('reset', true) // the server closed inside an answer: a lost connection, not a wrong message
      }
    })
    socket.on('error', failed)
    socket.on('close', () => {
      if (current()) this.#end('reset', true)
    })
    return socket
  }

  #answered(message: Message): void {
    if (this.#request === NO_REQUEST) throw new WireError('an answer that belongs to no request')
    const good = message.status >= 200 && message.status < 300
    this.#end(good ? null : 'status', this.#options.fresh || !message.keepAlive)
  }

  #end(outcome: Outcome, drop: boolean): void {
    const request = this.#request
    this.#request = NO_REQUEST
    if (drop) this.#drop()
    if (request !== NO_REQUEST) this.#options.onOutcome(this, request, outcome)
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
