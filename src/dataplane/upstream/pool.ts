import { Client, Pool, type Dispatcher } from 'undici'
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
/** Largest answer head of a model server we read; trace headers and long `ce-*` values fit. */
const MAX_ANSWER_HEAD_BYTES = 64 * 1024

/** Connections to one endpoint. All deadlines but the connect timeout are the legs' own. */
export function openPool(endpoint: EndpointPlan, upstream: UpstreamPlan): Pool {
  const { tls, timeouts } = upstream
  return new Pool(endpoint.origin, {
    connections: upstream.connections,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_ANSWER_HEAD_BYTES,
    allowH2: false,
    connect: {
      timeout: timeouts.connectMs,
      ...(tls === null ? {} : tlsOptions(tls)),
    },
    factory: (origin, options) => new GuardedClient(origin, options),
  })
}

function tlsOptions(tls: NonNullable<UpstreamPlan['tls']>): Record<string, string | boolean> {
  return {
    rejectUnauthorized: !tls.insecure,
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.cert === null ? {} : { cert: tls.cert }),
    ...(tls.key === null ? {} : { key: tls.key }),
  }
}
