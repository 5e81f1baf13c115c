import { ProxyError } from '../../errors.ts'
import type { ChunkList } from '../chunk-list.ts'
import type { WheelEntry } from '../deadline-wheel.ts'
import type { Exchange } from '../exchange.ts'
import { forUpstream } from '../http/request-headers.ts'
import type { Endpoint } from './endpoint.ts'
import type { BodyStream } from './h1/body-stream.ts'
import { LiveLeg } from './live-leg.ts'
import type { Upstream } from './upstream.ts'
import type { Waiter } from './waiting-line.ts'

/** A whole body, one that is still arriving, or none. */
export type RequestBody = ChunkList | BodyStream | null

/**
 * Sends the request to the arm, or puts it in line when all connections are taken.
 * @returns what to answer instead when the line is full as well.
 */
export function forward(exchange: Exchange, body: RequestBody): ProxyError | null {
  const upstream = armUpstream(exchange)
  let endpoint = upstream.pickInTurn()
  // More than one where there is a line: its first gets what becomes free.
  while (endpoint === null && upstream.stalled.giveUpLongest(performance.now())) endpoint = upstream.pick()
  if (endpoint !== null) {
    start(exchange, upstream, endpoint, body)
    return null
  }
  if (upstream.wait(new WaitingRequest(exchange, upstream, body))) return null
  return new ProxyError('OVERLOADED', `all connections to upstream ${upstream.plan.name} are in use`)
}

/**
 * Sends the request again where that is safe: to each other endpoint while nothing of it was sent, if need be from the line
 * in front of them, or once when it may be repeated and no byte of an answer has come. Never to the other arm: its answer
 * would be counted for the wrong version.
 * @returns false when it must not be repeated.
 */
export function retry(exchange: Exchange, failed: LiveLeg): boolean {
  const { upload, requestBody, client } = exchange
  if (exchange.clientGone || client.headWritten) return false
  if (client.hasBody && (upload?.whole !== true || upload.streamed)) return false
  const { unsent } = failed
  const repeatable = failed.error === 'UPSTREAM_RESET' && exchange.tried.length === 0 && IDEMPOTENT.has(client.method)
  if (!unsent && !repeatable) return false
  const upstream = failed.upstream
  const tried = [...exchange.tried, failed.endpoint]
  const body = client.hasBody ? requestBody : null
  const other = upstream.pick(tried)
  if (other === null || (unsent && tried.includes(other))) {
    const isBusy = unsent && tried.length < upstream.endpoints.length && upstream.hasUntried(tried)
    if (!isBusy || !upstream.wait(new WaitingRequest(exchange, upstream, body, tried))) return false
    exchange.tried = tried
    return true
  }
  exchange.tried = tried
  exchange.route.arms[exchange.arm].retries++
  start(exchange, upstream, other, body)
  return true
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** Whoever answers, once the exchange is assigned. */
export function armUpstream({ arm, route }: Exchange): Upstream {
  return arm === 'canary' && route.canary !== null ? route.canary : route.primary
}

function start(exchange: Exchange, upstream: Upstream, endpoint: Endpoint, body: RequestBody): void {
  const { client, head } = exchange
  const headers = forUpstream(exchange.sharedHeaders, head.host, upstream.plan, endpoint.plan)
  const leg = new LiveLeg(exchange, upstream, endpoint)
  exchange.live = leg
  const length = client.headers['content-length']
  leg.start({ method: head.method, path: exchange.originForm, headers, body, length })
}

/** A request in its upstream's waiting line. */
class WaitingRequest implements Waiter {
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly #exchange: Exchange
  readonly #upstream: Upstream
  readonly #body: RequestBody
  readonly tried: readonly Endpoint[]

  constructor(exchange: Exchange, upstream: Upstream, body: RequestBody, tried: readonly Endpoint[] = []) {
    this.#exchange = exchange
    this.#upstream = upstream
    this.#body = body
    this.tried = tried
  }

  onEndpoint(endpoint: Endpoint): boolean {
    if (this.#exchange.answered) return false
    start(this.#exchange, this.#upstream, endpoint, this.#body)
    this.#exchange.onForwarded()
    return true
  }

  onDeadline(): void {
    if (this.#exchange.answered) return
    const { name, timeouts } = this.#upstream.plan
    this.#exchange.refuseAdmitted(
      new ProxyError('OVERLOADED', `no connection to upstream ${name} became free within ${timeouts.connectMs} ms`),
    )
  }
}
