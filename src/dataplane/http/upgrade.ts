import { IncomingMessage, type ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import httpProxy from 'http-proxy'
import { ERRORS, ProxyError } from '../../errors.ts'
import { chooseArm } from '../assign.ts'
import type { DataPlane } from '../data-plane.ts'
import { matchRoute } from '../routing/match.ts'
import type { RequestHead } from '../routing/request-head.ts'
import type { RouteRuntime } from '../runtime.ts'
import { isVerified, upgradeSocket, upgradeTarget } from '../upstream/upgrade-options.ts'
import { clientAddress } from './client-address.ts'
import { checkFraming } from './framing.ts'
import type { ClientHead } from './downstream.ts'
import type { ReceivedHead } from './h1/received-head.ts'
import { answerRaw } from './problem.ts'
import { endToEndHeaders, forUpstream, groupHeaders, requestIdOf } from './request-headers.ts'
import { readTarget } from './target.ts'
import { Tunnel, type TunnelPlan } from './tunnel.ts'

/**
 * WebSocket pass-through. http-proxy carries these connections and nothing else: its HTTP path leaks upstream requests and
 * can be smuggled through. Even here it only writes the handshake and joins the sockets; what becomes of them is the
 * tunnel's part (tunnel.ts).
 */
const proxy = httpProxy.createProxyServer({ ws: true })
// It tells of each error of a joined upstream by this event, and throws what nobody listens for: the thread would end. The
// tunnel hears of them from the socket.
proxy.on('error', () => {})

/** What to do with the request that http-proxy makes for a client's, before it is sent. */
const preparations = new WeakMap<IncomingMessage, (sent: ClientRequest) => void>()
proxy.on('proxyReqWs', (sent, request) => preparations.get(request)?.(sent))

/** 16 random bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[A-Za-z0-9+/]{22}==$/
const UPGRADE = /(?:^|,)\s*upgrade\s*(?:,|$)/i

/** Whether a request leaves HTTP. Other upgrades may be ignored (RFC 9110 §7.8): Java and curl offer h2c unasked. */
export function isWebSocket({ method, headers }: ReceivedHead): boolean {
  return (
    headers.upgrade !== undefined &&
    method === 'GET' &&
    headers.upgrade.toLowerCase() === 'websocket' &&
    UPGRADE.test(headers.connection ?? '')
  )
}

/** `socket` is the client's, which nobody reads; `rest` what it sent behind its request. */
export function handleUpgrade(plane: DataPlane, received: ReceivedHead, socket: Socket, rest: Buffer): void {
  const client = headOf(received, socket)
  const requestId = requestIdOf(client, plane.nextExchangeId())
  const asked = readHandshake(plane, client, requestId)
  if (asked instanceof ProxyError) return refuse(plane, socket, asked, requestId)
  const plan = planTunnel(plane, client, asked)
  if (plan instanceof ProxyError) return refuse(plane, socket, plan, requestId)
  const tunnel = new Tunnel(plane, plan, socket)
  const request = messageToPrepare(socket)
  preparations.set(request, sent => {
    prepare(sent, plan)
    tunnel.request = sent
  })
  const { upstream, endpoint } = plan
  const target = upgradeTarget(upstream, endpoint)
  // Of what is in `target` http-proxy takes nothing from `ssl`.
  const options = { target, ssl: upgradeSocket(endpoint), secure: isVerified(upstream) }
  withoutDeprecations(() => proxy.ws(request, socket, rest, options))
  tunnel.begin()
}

/** The request as it is to be routed, or what is wrong with its handshake. */
function readHandshake(plane: DataPlane, client: ClientHead, requestId: string): Handshake | ProxyError {
  if (plane.draining) return new ProxyError('DRAINING', 'the proxy is shutting down')
  const framing = checkFraming(client)
  if (framing !== null) return framing
  const { headers } = client
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
    return new ProxyError('BAD_REQUEST', 'a WebSocket handshake has no body')
  const key = headers['sec-websocket-key'] ?? ''
  if (!KEY.test(key)) return new ProxyError('BAD_REQUEST', 'the WebSocket handshake has no valid Sec-WebSocket-Key')
  const target = readTarget(client.target, headers.host)
  if (target instanceof ProxyError) return target
  const { path, query, host, originForm } = target
  const { method, address } = client
  return { originForm, key, head: { method, path, query, host, headers, requestId, address } }
}

interface Handshake {
  /** Path and query as they are forwarded. */
  readonly originForm: string
  readonly key: string
  readonly head: RequestHead
}

function planTunnel(
  plane: DataPlane,
  client: ClientHead,
  { head, key, originForm }: Handshake,
): TunnelPlan | ProxyError {
  const { runtime } = plane
  const index = matchRoute(runtime.snapshot.routes, head)
  if (index === -1) return new ProxyError('NO_ROUTE', `no route matches ${head.method} ${head.path}`)
  const route = runtime.routes[index] as RouteRuntime
  const arm = chooseArm(route, head)
  const upstream = arm === 'canary' && route.canary !== null ? route.canary : route.primary
  const endpoint = upstream.pickInTurn()
  if (endpoint === null)
    return new ProxyError('OVERLOADED', `all connections to upstream ${upstream.plan.name} are in use`)
  const sharedHeaders = endToEndHeaders(client, head.host, head.requestId)
  const asked = { runtime, route, head, originForm, sharedHeaders }
  return { route, arm, upstream, endpoint, key, requestId: head.requestId, asked }
}

/** Replaces what http-proxy made of the client's head: the rules are the same as for every other request. */
function prepare(sent: ClientRequest, { upstream, endpoint, asked }: TunnelPlan): void {
  const { head, originForm, sharedHeaders } = asked
  sent.path = originForm
  for (const name of sent.getHeaderNames()) sent.removeHeader(name)
  for (const [name, value] of groupHeaders(forUpstream(sharedHeaders, head.host, upstream.plan, endpoint.plan)))
    sent.setHeader(name, value)
  sent.setHeader('connection', 'Upgrade')
  sent.setHeader('upgrade', 'websocket')
}

function refuse(plane: DataPlane, socket: Socket, { code, message }: ProxyError, requestId: string): void {
  plane.counters.error('-', ERRORS[code].source === 'client' ? 'client' : 'primary', code)
  plane.log.write('warn', `-/upgrade/${code}`, 'upgrade refused', { code, route: '-', detail: message, requestId })
  answerRaw(socket, code, message, requestId)
}

function headOf({ method, target, httpVersion, headers, rawHeaders }: ReceivedHead, socket: Socket): ClientHead {
  const secure = socket instanceof TLSSocket
  return { method, target, httpVersion, headers, rawHeaders, address: clientAddress(socket), secure }
}

/**
 * What http-proxy wants to see of a request. `prepare` replaces all that it makes of it, so that nothing of the client's is
 * in it: of some headers (Expect) node:http would send the head at once, and of some targets throw.
 */
function messageToPrepare(socket: Socket): IncomingMessage {
  const message = new IncomingMessage(socket)
  message.method = 'GET'
  message.url = '/'
  message.httpVersion = '1.1'
  message.headers = { connection: 'Upgrade', upgrade: 'websocket' }
  return message
}

/** http-proxy calls a deprecated function of Node; its first call would print a warning to stderr. */
function withoutDeprecations(call: () => void): void {
  const before = process.noDeprecation === true
  process.noDeprecation = true
  try {
    call()
  } finally {
    process.noDeprecation = before
  }
}
