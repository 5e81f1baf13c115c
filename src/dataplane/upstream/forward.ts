import type { Readable } from 'node:stream'
import { ProxyError } from '../../errors.ts'
import type { Exchange } from '../exchange.ts'
import { forUpstream } from '../http/request-headers.ts'
import { LiveLeg } from './live-leg.ts'

/**
 * Sends the request to the arm. A `Buffer` is the whole body, a `Readable` one that is still arriving.
 * @returns what to answer instead when no endpoint can take it.
 */
export function forward(exchange: Exchange, body: Buffer | Readable | null): ProxyError | null {
  const { route, client, head } = exchange
  const upstream = exchange.arm === 'canary' && route.canary !== null ? route.canary : route.primary
  const endpoint = upstream.pick()
  if (endpoint === null) {
    return new ProxyError('OVERLOADED', `all connections to upstream ${upstream.plan.name} are in use`)
  }
  const headers = forUpstream(exchange.sharedHeaders, head.host, upstream.plan, endpoint.plan)
  // undici computes the length of a whole body itself; of a body still arriving only the client knows it.
  const length = client.headers['content-length']
  if (length !== undefined && body !== null && !Buffer.isBuffer(body)) headers.push('content-length', length)
  const leg = new LiveLeg(exchange, upstream, endpoint, exchange.captureBytes)
  exchange.live = leg
  leg.start({ method: head.method, path: exchange.originForm, headers, body })
  return null
}
