import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { LimitsPlan, ListenPlan } from '../../config/snapshot.ts'
import type { ErrorCode } from '../../errors.ts'
import type { DataPlane } from '../data-plane.ts'
import { handleRequest } from '../handle-request.ts'
import { ClientConnection } from './client-connection.ts'
import { H1Downstream } from './h1-downstream.ts'
import { isLingering } from './linger.ts'
import { answerRaw } from './problem.ts'
import { handleUpgrade, isWebSocket } from './upgrade.ts'

/**
 * How often Node looks for requests over their time. Its default of 30 s would triple a short limit, and each look cuts all
 * that are due at once: 200 of them took 40 ms, which other clients felt. A look at none costs next to nothing.
 */
const TIMEOUT_CHECK_MS = 100

/** How often idle connections are looked for, at the most. */
const SWEEP_MS = 1_000

/** There is nothing to write an answer into. */
const TLS_ERROR = /^ERR_(?:TLS|SSL)_/

/** llhttp: the connection ended within a message. */
const END_OF_INPUT = 'HPE_INVALID_EOF_STATE'

/** This thread's HTTP/1.1 listener. */
export class Listener {
  readonly #server: Server
  readonly #plane: DataPlane
  readonly #open = new Map<Duplex, ClientConnection>()
  #sweeper: NodeJS.Timeout | undefined

  constructor(plane: DataPlane) {
    this.#plane = plane
    const { listen, limits } = plane.runtime.snapshot
    this.#server = createHttpServer(listen, limits)
    this.#server.on('request', (request, response) => this.#onRequest(request, response, false))
    this.#server.on('checkContinue', (request, response) => this.#onRequest(request, response, true))
    this.#server.on('checkExpectation', (request, response) => this.#onRequest(request, response, false))
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head))
    this.#server.on('connect', (_request, socket) => answerRaw(socket, 'NOT_IMPLEMENTED', 'CONNECT is not supported'))
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) => this.#onHandshakeFailed(error, socket))
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#onClientError(error, socket))
    this.#server.on('connection', socket => {
      plane.connections++
      socket.on('close', () => plane.connections--)
    })
    this.#server.on(listen.tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#open.set(socket, new ClientConnection(plane, socket))
      socket.on('close', () => this.#open.delete(socket))
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
    // Node's own timer for idle connections is off: see ClientConnection.sweep.
    this.#server.keepAliveTimeout = 0
    clearInterval(this.#sweeper)
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, limits.idleMs / 4)).unref()
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
    for (const connection of this.#open.values()) if (connection.unused) connection.socket.destroy()
  }

  closeAll(): void {
    clearInterval(this.#sweeper)
    this.#server.closeAllConnections()
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const connection of this.#open.values()) connection.sweep(nowMs, this.#plane.limits.idleMs)
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, waitsForContinue: boolean): void {
    const connection = this.#open.get(request.socket)
    // Behind an answer that is to be the last, nothing is a request: where the one before ended may be in doubt.
    if (connection === undefined || !request.socket.writable || connection.busy?.closeAfterAnswer) request.resume()
    else if (connection.busy === null) this.#begin(connection, request, response, waitsForContinue)
    else connection.queue(() => this.#begin(connection, request, response, waitsForContinue))
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // Behind a request that is not answered yet it would come out in the middle of that one's answer.
    const before = this.#open.get(socket)?.busy ?? null
    if (before !== null) before.closeBehindAnswer()
    else handleUpgrade(this.#plane, request, socket, head)
  }

  #begin(connection: ClientConnection, request: IncomingMessage, response: ServerResponse, waits: boolean): void {
    if (!request.socket.writable) return
    const client = new H1Downstream(request, response, connection, waits)
    connection.busy = client
    if (this.#plane.draining) client.closeAfterAnswer = true
    handleRequest(this.#plane, client)
  }

  /** The client does not speak TLS, or not soon enough, or shows no certificate where it must. */
  #onHandshakeFailed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    // Node closes the connection of a client it does not accept without an error of its own.
    const refused = (socket.authorizationError as Error | string | undefined) ?? null
    if (refused === null && error.code === 'ECONNRESET') return
    const code = error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'REQUEST_TIMEOUT' : 'BAD_REQUEST'
    const detail = refused === null ? tlsReason(error) : `the client's certificate is refused: ${String(refused)}`
    this.#plane.counters.error('-', 'client', code)
    this.#plane.log.write('warn', `-/tls/${code}`, 'TLS handshake failed', { code, route: '-', detail })
    socket.destroy()
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#open.get(socket)
    if (isLingering(socket) || connection?.garbled === true) return
    if (TLS_ERROR.test(error.code ?? '')) {
      socket.destroy()
      return
    }
    const client = connection?.busy ?? null
    // The end of the connection within a body is a client that left: its exchange says so.
    if (error.code === 'ECONNRESET' || !socket.writable || (error.code === END_OF_INPUT && client?.receiving)) {
      socket.destroy()
      return
    }
    const code = clientErrorCode(error.code ?? '')
    const detail = clientErrorDetail(code, error)
    if (code === 'REQUEST_TIMEOUT') {
      if (client?.bodyLate()) return
    } else {
      if (connection !== undefined) connection.garbled = true
      if (client?.bodyMalformed(detail)) return
    }
    this.#plane.counters.error('-', 'client', code)
    this.#plane.log.write('warn', `-/${code}`, 'request refused', { code, route: '-', detail: error.message })
    if (client === null) answerRaw(socket, code, detail)
    // The request before it was sound, and gets its answer.
    else client.closeBehindAnswer()
  }
}

function createHttpServer(listen: ListenPlan, limits: LimitsPlan): Server {
  const options: ServerOptions = {
    noDelay: true,
    insecureHTTPParser: false,
    // checkFraming() does, with an answer that says so.
    requireHostHeader: false,
    maxHeaderSize: limits.headersBytes,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    shouldUpgradeCallback: isWebSocket,
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

/** What OpenSSL says, without its source lines. */
function tlsReason(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message
}

function clientErrorCode(code: string): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'REQUEST_TIMEOUT'
  return 'BAD_REQUEST'
}

function clientErrorDetail(code: ErrorCode, error: Error): string {
  if (code === 'HEADERS_TOO_LARGE') return 'the request head is over the limit (limits.headers)'
  if (code === 'REQUEST_TIMEOUT') return 'the request did not arrive in time (limits.header_wait, limits.request)'
  return `the request is not valid HTTP: ${error.message.replace(/^Parse Error: /, '')}`
}
