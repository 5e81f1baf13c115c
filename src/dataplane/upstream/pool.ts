import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { buildConnector, Client, Pool, type Dispatcher } from 'undici'
import type { EndpointPlan, UpstreamPlan } from '../../config/snapshot.ts'

/**
 * The part of a handler that says whether the request was refused before it had a controller. Every handler we dispatch
 * is a Leg, which has it.
 */
interface Refusable {
  readonly refused: boolean
}

/**
 * undici 8.12.4: when a client refuses a request during `dispatch` (validation), it answers `false`, which its pool reads
 * as "busy"; nothing ever tells the pool otherwise, so one bad request would take one connection away for ever.
 */
class GuardedClient extends Client {
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return super.dispatch(options, handler) || (handler as unknown as Refusable).refused
  }
}

/**
 * Idle time after which we close a connection ourselves: below the 5 s at which uvicorn and Node servers close theirs, so
 * that a request rarely meets a connection that is being closed.
 */
const KEEP_ALIVE_MS = 4_000
/**
 * A connection to a host name is replaced at this age: names are looked up when a connection is opened, so that without
 * this a busy one would go to yesterday's address for ever.
 */
const NAME_TTL_MS = 30_000
/** Largest answer head of a model server we read; trace headers and long `ce-*` values fit. */
const MAX_ANSWER_HEAD_BYTES = 64 * 1024

/** Connections to one endpoint. All deadlines but the connect timeout are the legs' own. */
export function openPool(endpoint: EndpointPlan, upstream: UpstreamPlan): Pool {
  const { tls, timeouts } = upstream
  const connect = buildConnector({
    allowH2: false,
    timeout: timeouts.connectMs,
    ...(tls === null ? {} : tlsOptions(tls)),
  })
  return new Pool(endpoint.origin, {
    // One more for the health check: it must neither wait behind requests nor hold one up.
    connections: upstream.connections + (upstream.health.path === null ? 0 : 1),
    ...(isIP(hostOf(endpoint)) === 0 ? { clientTtl: NAME_TTL_MS } : {}),
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_ANSWER_HEAD_BYTES,
    allowH2: false,
    connect: (options, connected) => connect({ ...options, servername: sniOf(options.servername ?? '') }, connected),
    factory: (origin, options) => new GuardedClient(origin, options),
  })
}

/** Name or address, without the brackets of an IPv6 one. */
export function hostOf(endpoint: EndpointPlan): string {
  return new URL(endpoint.origin).hostname.replace(/^\[|\]$/g, '')
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
