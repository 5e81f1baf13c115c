import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, Server as TlsServer, type TLSSocket } from 'node:tls'
import type { LimitsPlan, ListenPlan } from '../../config/snapshot.ts'
import type { DataPlane } from '../data-plane.ts'
import { LinkedList } from '../linked-list.ts'
import { ClientConnection } from './client-connection.ts'

/** How often idle connections are looked for, at the most. */
const SWEEP_MS = 1_000

/** This thread's HTTP/1.1 listener. */
export class Listener {
  readonly #server: Server
  readonly #plane: DataPlane
  readonly #open = new LinkedList<ClientConnection>()
  /** TLS connections that are not open yet, by their peer. */
  readonly #handshakes = new Map<string, Socket>()
  #sweeper: NodeJS.Timeout | undefined

  constructor(plane: DataPlane) {
    this.#plane = plane
    const { listen, limits } = plane.runtime.snapshot
    this.#server = createSocketServer(listen, limits)
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) => this.#onHandshakeFailed(error, socket))
    this.#server.on('drop', () => this.#onDropped())
    if (listen.tls !== null) this.#server.on('connection', socket => this.#onHandshake(socket))
    this.#server.on(listen.tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
      if (listen.tls !== null) this.#endHandshake(peerOf(socket))
      void new ClientConnection(plane, socket, this.#open)
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

  /** What can change while running; connections that are open keep the size of head they began with. */
  applyLimits(limits: LimitsPlan): void {
    this.#server.maxConnections = this.#plane.share(limits.connections)
    clearInterval(this.#sweeper)
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, limits.idleMs / 4)).unref()
  }

  /** Takes no new connections. Open ones stay, and their next answer tells the client to close. */
  stopAccepting(): void {
    this.#server.close()
  }

  /** Closes the connections on which nothing is under way. */
  closeIdle(): void {
    for (const connection of this.#open.all()) if (connection.idle) connection.socket.destroy()
    for (const socket of this.#handshakes.values()) socket.destroy()
  }

  /** Ends the requests under way with an answer that says why. @returns how many. */
  shutDown(): number {
    return this.#open.all().reduce((sum, connection) => sum + (connection.shutDown() ? 1 : 0), 0)
  }

  closeAll(): void {
    clearInterval(this.#sweeper)
    for (const { socket } of this.#open.all()) socket.destroy()
    for (const socket of this.#handshakes.values()) socket.destroy()
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const connection of this.#open.all()) connection.sweep(nowMs, this.#plane.limits.idleMs)
  }

  #onHandshake(socket: Socket): void {
    const peer = peerOf(socket)
    this.#handshakes.set(peer, socket)
    this.#plane.connections++
    socket.once('close', () => {
      if (this.#handshakes.get(peer) === socket) this.#endHandshake(peer)
    })
  }

  #endHandshake(peer: string): void {
    if (this.#handshakes.delete(peer)) this.#plane.connections--
  }

  /** Closed before anything was read of it. */
  #onDropped(): void {
    const { counters, log } = this.#plane
    counters.error('-', 'client', 'OVERLOADED')
    log.write('warn', '-/connections', 'connection refused', {
      code: 'OVERLOADED',
      route: '-',
      detail: `this thread has ${this.#server.maxConnections} client connections (limits.connections)`,
    })
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
}

/** A FIN does not close the socket: what it means depends on what is under way. */
function createSocketServer({ tls }: ListenPlan, limits: LimitsPlan): Server {
  const options = { noDelay: true, allowHalfOpen: true }
  if (tls === null) return createServer(options)
  return createTlsServer({
    ...options,
    handshakeTimeout: limits.headerWaitMs,
    cert: tls.cert,
    key: tls.key,
    ALPNProtocols: ['http/1.1'],
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    requestCert: tls.clientAuth,
    rejectUnauthorized: tls.clientAuth,
  })
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

/** What OpenSSL says, without its source lines. */
function tlsReason(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message
}
