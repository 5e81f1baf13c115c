import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import httpProxy from 'http-proxy'
import { ProxyError } from '../../errors.ts'
import type { DataPlane } from '../data-plane.ts'
import { decideCanary } from '../routing/assign.ts'
import { matchRoute } from '../routing/match.ts'
import type { RequestHead } from '../routing/request-head.ts'
import type { RouteRuntime } from '../runtime.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { answerRaw } from './problem.ts'
import { readTarget } from './target.ts'

/**
 * WebSocket pass-through. http-proxy carries these connections and nothing else: its HTTP path leaks upstream requests
 * and can be smuggled through. Even here it only half-closes, so both ends are tied together below.
 */
const proxy = httpProxy.createProxyServer({ ws: true })

export function handleUpgrade(plane: DataPlane, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy())
  const found = findArm(plane, request)
  if (found instanceof ProxyError) {
    plane.counters.error('-', 'client', found.code)
    answerRaw(socket, found.code, found.message)
    return
  }
  const { upstream, endpoint, arm, routeName } = found
  prepareHeaders(request, plane.nextExchangeId())
  tieTogether(plane, request, socket, found)
  const { tls } = upstream.plan
  proxy.ws(
    request,
    socket,
    head,
    {
      target: endpoint.plan.origin,
      changeOrigin: upstream.plan.host.kind === 'upstream',
      secure: tls === null ? true : !tls.insecure,
      ...(tls?.ca ? { ca: tls.ca } : {}),
      headers: { 'x-forwarded-for': request.socket.remoteAddress ?? '' },
    },
    error => {
      plane.counters.error(routeName, arm, 'UPSTREAM_CONNECT')
      plane.log.write('warn', `${routeName}/upgrade`, 'upgrade failed', {
        route: routeName,
        arm,
        detail: error.message,
      })
      answerRaw(socket, 'UPSTREAM_CONNECT', `cannot open the connection to upstream ${upstream.plan.name}`)
    },
  )
}

interface Found {
  readonly upstream: Upstream
  readonly endpoint: Endpoint
  readonly arm: 'primary' | 'canary'
  readonly routeName: string
}

function findArm(plane: DataPlane, request: IncomingMessage): Found | ProxyError {
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
    return new ProxyError('NOT_IMPLEMENTED', 'only upgrades to websocket are supported')
  }
  if (plane.draining) return new ProxyError('DRAINING', 'the proxy is shutting down')
  const target = readTarget(request.url ?? '', request.headers.host)
  if (target instanceof ProxyError) return target
  const head: RequestHead = {
    method: request.method ?? 'GET',
    path: target.path,
    query: target.query,
    host: target.host,
    headers: request.headers,
    requestId: request.headers['x-request-id']?.toString() ?? '',
    address: request.socket.remoteAddress ?? '',
  }
  const { runtime } = plane
  const index = matchRoute(runtime.snapshot.routes, head)
  if (index === -1) return new ProxyError('NO_ROUTE', `no route matches ${head.method} ${head.path}`)
  const route = runtime.routes[index] as RouteRuntime
  const { canary } = route.plan
  const arm = canary !== null && decideCanary(route.plan, canary, head).chosen ? 'canary' : 'primary'
  const upstream = arm === 'canary' && route.canary !== null ? route.canary : route.primary
  const endpoint = upstream.pick()
  if (endpoint === null)
    return new ProxyError('OVERLOADED', `all connections to upstream ${upstream.plan.name} are in use`)
  return { upstream, endpoint, arm, routeName: route.plan.name }
}

function prepareHeaders(request: IncomingMessage, id: string): void {
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-understudy-')) delete request.headers[name]
  }
  request.headers['x-request-id'] ??= id
}

/**
 * http-proxy answers a closing end with `end()` only: a server that ignores FIN would keep its socket for ever. Each side's
 * close destroys the other, and a client that leaves during the handshake takes the upstream request with it.
 */
function tieTogether(plane: DataPlane, request: IncomingMessage, client: Duplex, { upstream, endpoint }: Found): void {
  endpoint.started(performance.now())
  plane.upgraded.add(client)
  client.once('close', () => {
    upstream.ended(endpoint, 'undecided')
    plane.upgraded.delete(client)
  })
  upgradeOf.set(request, client)
}

const upgradeOf = new WeakMap<IncomingMessage, Duplex>()

proxy.on('proxyReqWs', (upstreamRequest, request) => {
  const client = upgradeOf.get(request)
  if (client === undefined) return
  const giveUp = (): void => void upstreamRequest.destroy()
  client.once('close', giveUp)
  upstreamRequest.once('upgrade', (_response, upstreamSocket: Socket) => {
    client.removeListener('close', giveUp)
    client.once('close', () => upstreamSocket.destroy())
    upstreamSocket.once('close', () => client.destroy())
    upstreamSocket.on('error', () => upstreamSocket.destroy())
  })
})
