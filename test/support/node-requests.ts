import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { within } from './within.ts'

/** A request as node:http has read it. */
export interface NodeRequest {
  readonly method: string
  readonly target: string
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

export interface NodeReading {
  /** Only the whole ones, in order. */
  readonly requests: readonly NodeRequest[]
  /** llhttp's code, null: nothing was wrong up to the end of the connection. */
  readonly refused: string | null
}

/** A server of node:http, as strict as it can be, to which the bytes of a whole connection are given. */
export class NodeRequests {
  readonly #server: Server
  /** In order of their heads, as the requests before them may not be whole yet. */
  #requests: { read: NodeRequest | null }[] = []
  #refused: string | null = null
  #closed = Promise.withResolvers<void>()

  static async start(): Promise<NodeRequests> {
    const server = createServer({ insecureHTTPParser: false, requireHostHeader: false, maxHeaderSize: 64 * 1024 })
    const reader = new NodeRequests(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return reader
  }

  private constructor(server: Server) {
    this.#server = server
    // What has come is answered after the end of the connection as well.
    Object.assign(server, { httpAllowHalfOpen: true })
    for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, this.#onRequest)
    server.on('connect', (request, socket) => {
      this.#requests.push({ read: readOf(request, '') })
      // What came before it is handed on first.
      setImmediate(() => socket.destroy())
    })
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#refused ??= error.code ?? error.message
      socket.destroy()
    })
    server.on('connection', socket => socket.on('close', () => this.#closed.resolve()))
  }

  /** The bytes (latin1) on a connection that ends behind them. */
  async read(bytes: string): Promise<NodeReading> {
    this.#requests = []
    this.#refused = null
    this.#closed = Promise.withResolvers()
    const socket = connect((this.#server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    socket.end(Buffer.from(bytes, 'latin1'))
    await within(this.#closed.promise, 5_000, 'node:http did not close the connection')
    socket.destroy()
    const requests = this.#requests.map(each => each.read).filter(each => each !== null)
    return { requests, refused: this.#refused }
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const entry: { read: NodeRequest | null } = { read: null }
    this.#requests.push(entry)
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString('latin1')))
    request.on('error', () => {})
    request.on('end', () => {
      if (request.complete) entry.read = readOf(request, body)
    })
    response.on('error', () => {})
    response.end()
  }
}

function readOf({ method, url, httpVersion, rawHeaders, headers }: IncomingMessage, body: string): NodeRequest {
  return { method: method ?? '', target: url ?? '', httpVersion, rawHeaders, headers, body }
}
