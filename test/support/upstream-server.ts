import { once } from 'node:events'
import { createServer as createTcpServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { UpstreamConnection } from './upstream-connection.ts'
import { RequestGone, type UpstreamRequest } from './upstream-request.ts'
import type { Respond } from './upstream-respond.ts'

/**
 * Answers one request, in any way a broken server might. Called when the head is there, so it can answer before the
 * body. A handler that throws resets the connection, and `stop()` throws its error: no test passes over it.
 */
export type UpstreamHandler = (request: UpstreamRequest, respond: Respond) => void | Promise<void>

export interface UpstreamOptions {
  /** 0: an ephemeral port. A fixed one lets a test bring a dead upstream back. */
  readonly port?: number
  /** Default `127.0.0.1`. */
  readonly host?: string
  readonly tls?: TlsOptions
  /** false: requests are counted, not kept (runs of millions). */
  readonly keepRequests?: boolean
}

/**
 * A model server on bare sockets, so that every misbehaviour is possible: it answers what the handler says, byte for
 * byte, and remembers what it was sent.
 */
export interface UpstreamServer {
  readonly port: number
  /** `http://127.0.0.1:port`, or with its host; https with TLS. */
  readonly url: string
  /** Every request whose head came whole, in order of arrival. */
  readonly requests: readonly UpstreamRequest[]
  readonly requestCount: number
  /** Requests whose connection ended before their body was here and their answer was written. */
  readonly abortedCount: number
  readonly connections: { readonly opened: number; readonly open: number }
  /** What came in that no strict reader may accept. Such a connection is answered 400 and closed. */
  readonly violations: readonly string[]
  /** Replaces the handler for the requests to come. */
  handle(handler: UpstreamHandler): void
  /** Closes the connections on which no request is under way, as a server does after its keep-alive time. */
  closeIdle(): void
  /** Resets every connection: the server crashed and was back at once. */
  resetAll(): void
  /** Destroys everything. Rejects with the errors of handlers. */
  stop(): Promise<void>
}

/** Starts on loopback. */
export async function startUpstream(handler: UpstreamHandler, options: UpstreamOptions = {}): Promise<UpstreamServer> {
  const state = new ServerState(handler, options)
  const { tls } = options
  const accept = (socket: Socket): void => state.accept(socket)
  // Not half-open: a client that closes its socket is gone at once, also for a handler that never writes.
  const server = tls ? createTlsServer(tls, accept) : createTcpServer({ noDelay: true }, accept)
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  state.listens(server)
  return state
}

class ServerState implements UpstreamServer {
  readonly requests: UpstreamRequest[] = []
  requestCount = 0
  abortedCount = 0
  readonly violations: string[] = []
  readonly #options: UpstreamOptions
  readonly #open = new Set<UpstreamConnection>()
  readonly #errors: unknown[] = []
  #handler: UpstreamHandler
  #opened = 0
  #server: Server | null = null
  #port = 0

  constructor(handler: UpstreamHandler, options: UpstreamOptions) {
    this.#handler = handler
    this.#options = options
  }

  /** Stays after `stop`, for a successor on the same port. */
  get port(): number {
    return this.#port
  }

  get url(): string {
    const { tls, host = '127.0.0.1' } = this.#options
    return `${tls ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${this.port}`
  }

  get connections(): { opened: number; open: number } {
    return { opened: this.#opened, open: this.#open.size }
  }

  handle(handler: UpstreamHandler): void {
    this.#handler = handler
  }

  listens(server: Server): void {
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  accept(socket: Socket): void {
    this.#opened++
    const connection = new UpstreamConnection(socket, this.#opened, {
      request: (request, respond) => this.#answer(request, respond),
      aborted: () => this.abortedCount++,
      violation: message => this.violations.push(message),
    })
    this.#open.add(connection)
    void connection.closed.then(() => this.#open.delete(connection))
  }

  closeIdle(): void {
    for (const connection of this.#open) if (connection.idle) connection.close()
  }

  resetAll(): void {
    for (const connection of this.#open) connection.reset()
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server !== null) {
      const closed = once(server, 'close')
      server.close()
      for (const connection of this.#open) connection.reset()
      await closed
    }
    if (this.#errors.length > 0)
      throw new AggregateError(this.#errors, `an upstream handler failed: ${String(this.#errors[0])}`)
  }

  #answer(request: UpstreamRequest, respond: Respond): void {
    this.requestCount++
    if (this.#options.keepRequests !== false) this.requests.push(request)
    const failed = (error: unknown): void => {
      // The client left while the handler waited for its body: part of many tests, not a failure of the handler.
      if (!(error instanceof RequestGone)) this.#errors.push(error)
      respond.reset()
    }
    try {
      this.#handler(request, respond)?.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
