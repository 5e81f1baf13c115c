import { connect, isIP, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { buildConnector } from 'undici'
import type { EndpointPlan, UpstreamPlan } from '../../../config/snapshot.ts'
import { NAMES } from './name-lookup.ts'
import { READ_BYTES } from './read-turns.ts'

/**
 * All plain connections of a thread read into this buffer, one after the other, and whoever keeps bytes copies them: answers
 * that nobody keeps (of shadows, over the limit) cost no memory, and small ones no slab of 64 KiB each.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES)
const KEEP_ALIVE_PROBE_MS = 60_000

/** What a connection hears of its socket. */
export interface SocketListener {
  onSocketOpen(): void
  /** A view of a buffer that is read into again. */
  onSocketData(bytes: Buffer): void
  /** The other end sends nothing more. */
  onSocketEnd(): void
  onSocketDrain(): void
  /** Exactly once, at the end: null when nothing was wrong. */
  onSocketClosed(error: Error | null): void
}

/** Begins to open a socket. */
export type OpenSocket = (listener: SocketListener) => SocketHandle

/** What a connection does with its socket. */
export interface SocketHandle {
  readonly socket: Socket
  destroy(): void
}

/** Prepares the way to one endpoint: name, port, TLS. All deadlines but the one for connecting are the legs' own. */
export function socketOpener(endpoint: EndpointPlan, upstream: UpstreamPlan, servername: string): OpenSocket {
  const { protocol, hostname, port } = new URL(endpoint.origin)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol === 'https:') return tlsOpener(host, port === '' ? 443 : Number(port), upstream, servername)
  return listener => openPlain(host, port === '' ? 80 : Number(port), upstream.timeouts.connectMs, listener)
}

function openPlain(host: string, port: number, timeoutMs: number, listener: SocketListener): SocketHandle {
  const callback = (bytes: number): boolean => {
    listener.onSocketData(READ_BUFFER.subarray(0, bytes))
    return true
  }
  const socket = connect({ host, port, noDelay: true, lookup: NAMES.lookup, onread: { buffer: READ_BUFFER, callback } })
  const late = setTimeout(() => socket.destroy(connectTimeout(timeoutMs)), timeoutMs)
  socket.once('connect', () => {
    clearTimeout(late)
    socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS)
    listener.onSocketOpen()
  })
  socket.once('close', () => clearTimeout(late))
  follow(socket, listener)
  return { socket, destroy: () => void socket.destroy() }
}

/** undici's connector keeps sessions for resumption and verifies names; its answer comes when the handshake is done. */
function tlsOpener(host: string, port: number, upstream: UpstreamPlan, servername: string): OpenSocket {
  const connector = buildConnector({
    allowH2: false,
    timeout: upstream.timeouts.connectMs,
    lookup: NAMES.lookup,
    ...(upstream.tls === null ? {} : tlsOptions(upstream.tls)),
  })
  return listener => {
    const options = { hostname: host, host, protocol: 'https:', port: String(port), servername: sniOf(servername) }
    // It also gives the socket before the handshake is done, though its types do not say so: a call that is given up
    // meanwhile lets go of it at once.
    const socket = connector(options, (...[error]) => {
      if (error !== null) return
      socket.on('data', (bytes: Buffer) => listener.onSocketData(bytes))
      listener.onSocketOpen()
    }) as unknown as Socket
    follow(socket, listener)
    return { socket, destroy: () => void socket.destroy() }
  }
}

function follow(socket: Socket, listener: SocketListener): void {
  let failure: Error | null = null
  socket.on('error', error => (failure = error))
  socket.once('end', () => listener.onSocketEnd())
  socket.on('drain', () => listener.onSocketDrain())
  socket.once('close', () => listener.onSocketClosed(failure))
}

function connectTimeout(timeoutMs: number): Error {
  const error = new Error(`no connection within ${timeoutMs} ms`)
  return Object.assign(error, { code: 'ETIMEDOUT', syscall: 'connect' })
}

/** The name to put into a TLS handshake: an address is no name (RFC 6066 §3); it is verified all the same. */
export function sniOf(servername: string): string {
  return isIP(servername) === 0 ? servername : ''
}

/** The context is made once: parsing authorities and keys for every connection took a tenth of a thread at 500 a second. */
function tlsOptions(tls: NonNullable<UpstreamPlan['tls']>) {
  const secureContext = createSecureContext({
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.cert === null ? {} : { cert: tls.cert }),
    ...(tls.key === null ? {} : { key: tls.key }),
  })
  return { rejectUnauthorized: !tls.insecure, secureContext }
}
