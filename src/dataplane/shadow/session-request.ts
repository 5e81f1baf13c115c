import { randomBytes } from 'node:crypto'
import { request as requestPlain, type ClientRequest } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { Exchange } from '../exchange.ts'
import { forShadow, forUpstream } from '../http/request-headers.ts'
import type { Agreement } from '../http/websocket-handshake.ts'
import type { ShadowRuntime } from '../runtime.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import { isVerified, upgradeSocket, upgradeTarget } from '../upstream/upgrade-options.ts'
import { pathOfCopy } from './copy-request.ts'

/** The handshake of a copy has its own in their place. */
const HANDSHAKE = new Set(['sec-websocket-key', 'sec-websocket-extensions', 'sec-websocket-protocol'])
const KEY_BYTES = 16

/** A handshake on its way, and the key that its answer is checked against. */
export interface SentHandshake {
  readonly request: ClientRequest
  readonly key: string
}

/**
 * Asks a shadow for a connection like the one that the primary has accepted. It is offered what the primary has agreed to
 * and nothing else: the client's frames are made for that, and go on as they are.
 */
export function sendHandshake(
  exchange: Exchange,
  { plan, upstream, role }: ShadowRuntime,
  endpoint: Endpoint,
  { extensions, protocol }: Agreement,
): SentHandshake {
  const { head, sharedHeaders, originForm } = exchange
  const fields = forUpstream(sharedHeaders, head.host, upstream.plan, endpoint.plan)
  const headers = forShadow(fields, plan.headers, role, upstream.plan.name)
  const own = headers.filter((_, i) => !HANDSHAKE.has((headers[i - (i % 2)] as string).toLowerCase()))
  const key = randomBytes(KEY_BYTES).toString('base64')
  own.push('Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', key)
  if (extensions !== '') own.push('Sec-WebSocket-Extensions', extensions)
  if (protocol !== '') own.push('Sec-WebSocket-Protocol', protocol)
  const target = upgradeTarget(upstream, endpoint)
  const request = target.protocol === 'https:' ? requestSecure : requestPlain
  const sent = request({
    ...target,
    ...upgradeSocket(endpoint),
    rejectUnauthorized: isVerified(upstream),
    agent: false,
    method: head.method,
    path: pathOfCopy(plan, originForm),
    headers: own,
  })
  sent.end()
  return { request: sent, key }
}
