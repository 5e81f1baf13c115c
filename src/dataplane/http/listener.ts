import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { Server as NetServer, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { LimitsPlan, ListenPlan } from '../../config/snapshot.ts'
import type { ErrorCode } from '../../errors.ts'
import type { DataPlane } from '../data-plane.ts'
import { handleRequest } from '../handle-request.ts'
import { H1Downstream } from './h1-downstream.ts'
import { answerRaw } from './problem.ts'
import { watchLastBytes } from './last-bytes.ts'
import { handleUpgrade } from './upgrade.ts'

/** How often Node looks for requests over their time; its default of 30 s would triple a short limit. */
const TIMEOUT_CHECK_MS = 1_000

/** This thread's HTTP/1.1 listener. */
export class Listener {
  readonly #server: Server
  readonly #plane: DataPlane
  /** Sockets with a request under way: an error on them must not be answered into the middle of an answer. */
  readonly #busy = new WeakMap<Duplex, H1Downstream>()

  constructor(plane: DataPlane) {
    this.#plane = plane
    const { listen, limits } = plane.runtime.snapshot
    this.#server = createHttpServer(listen, limits)
    this.#server.on('request', (request, response) => this.#onRequest(request, response))
    this.#server.on('upgrade', (request, socket, head) => handleUpgrade(plane, request, socket, head))
    this.#server.on('connect', (_request, socket) => answerRaw(socket, 'NOT_IMPLEMENTED', 'CONNECT is not supported'))
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#onClientError(error, socket))
    this.#server.on('connection', socket => {
      plane.connections++
      socket.on('close', () => plane.connections--)
    })
    this.applyLimits(limits)
  }

  /** @returns the port. Rejects with the socket error, e.g. EADDRINUSE. */
  listen(host: string, port: number, reusePort: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, reusePort }, () => {
        this.#server.removeListener('error', reject)
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** A renewed certificate: connections from now on get it. */
  applyTls({ tls }: ListenPlan): void {
    if (tls === null || !(this.#server instanceof TlsServer)) return
    this.#server.setSecureContext({ cert: tls.cert, key: tls.key, ...(tls.ca === null ? {} : { ca: tls.ca }) })
  }

  /** What can change while running; the header size is fixed by the parser of each connection's start. */
  applyLimits(limits: LimitsPlan): void {
    this.#server.maxConnections = this.#plane.share(limits.connections)
    this.#server.requestTimeout = limits.requestMs
    this.#server.headersTimeout = Math.min(limits.headerWaitMs, limits.requestMs)
    this.#server.keepAliveTimeout = limits.idleMs
  }

  /**
   * Takes no new connections. Open ones stay, and their next answer tells the client to close: http's own `close` would cut
   * idle ones at once, under a client that is just sending its next request.
   */
  stopAccepting(): void {
    NetServer.prototype.close.call(this.#server)
  }

  /** Closes the connections on which nothing is under way. */
  closeIdle(): void {
    this.#server.closeIdleConnections()
  }

  closeAll(): void {
    this.#server.closeAllConnections()
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const client = new H1Downstream(request, response)
    this.#busy.set(socket, client)
    response.on('close', () => {
      if (this.#busy.get(socket) === client) this.#busy.delete(socket)
    })
    watchLastBytes(this.#plane, socket, response)
    if (this.#plane.draining) client.closeAfterAnswer = true
    handleRequest(this.#plane, client)
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const code = clientErrorCode(error.code ?? '')
    if (code === 'REQUEST_TIMEOUT' && this.#busy.get(socket)?.bodyLate()) return
    this.#plane.counters.error('-', 'client', code)
    this.#plane.log.write('warn', `-/${code}`, 'request refused', { code, route: '-', detail: error.message })
    if (this.#busy.has(socket)) socket.destroy()
    else answerRaw(socket, code, clientErrorDetail(code, error))
  }
}

function createHttpServer(listen: ListenPlan, limits: LimitsPlan): Server {
  const options: ServerOptions = {
    noDelay: true,
    insecureHTTPParser: false,
    requireHostHeader: true,
    maxHeaderSize: limits.headersBytes,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  }
  const { tls } = listen
  const server =
    tls === null
      ? createServer(options)
      : createTlsServer({
          ...options,
          handshakeTimeout: limits.headerWaitMs,
          cert: tls.cert,
          key: tls.key,
          ALPNProtocols: ['http/1.1'],
          ...(tls.ca === null ? {} : { ca: tls.ca }),
          requestCert: tls.clientAuth,
          rejectUnauthorized: tls.clientAuth,
        })
  // The size limit bounds them; Node's default count of 2 000 would drop what is beyond without a word.
  server.maxHeadersCount = 0
  return server
}

function clientErrorCode(code: string): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT' || code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'REQUEST_TIMEOUT'
  return 'BAD_REQUEST'
}

function clientErrorDetail(code: ErrorCode, error: Error): string {
  if (code === 'HEADERS_TOO_LARGE') return 'the request head is over the limit (limits.headers)'
  if (code === 'REQUEST_TIMEOUT') return 'the request did not arrive in time (limits.header_wait, limits.request)'
  return `the request is not valid HTTP: ${error.message.replace(/^Parse Error: /, '')}`
}
