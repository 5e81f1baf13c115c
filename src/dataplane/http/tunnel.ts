import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorCode } from '../../errors.ts'
import type { WheelEntry } from '../deadline-wheel.ts'
import type { DataPlane } from '../data-plane.ts'
import { fieldLines } from '../h1/message-text.ts'
import type { RouteRuntime } from '../runtime.ts'
import { openSession, type AskedSession } from '../shadow/open-session.ts'
import type { Session } from '../shadow/session.ts'
import type { Endpoint, LegVerdict } from '../upstream/endpoint.ts'
import { explainLegError, legErrorCode } from '../upstream/leg-error.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { answerHeadersOf } from './answer-headers.ts'
import { cutSocket } from './cut-socket.ts'
import { Goodbye } from './goodbye.ts'
import { reasonPhrase } from './h1/answer-text.ts'
import { answerRaw } from './problem.ts'
import { groupHeaders, type RawHeaders } from './request-headers.ts'
import { acceptFor, agreementOf, type Agreement } from './websocket-handshake.ts'

/** A side that has closed leaves the other one this long to send, or take, its next bytes. */
const LINGER_MS = 2_000
/** Peers that vanished without a FIN are found by the kernel's own probes, which start after this. */
const PROBE_AFTER_MS = 60_000

/** Where an upgrade goes. */
export interface TunnelPlan {
  readonly route: RouteRuntime
  readonly arm: 'primary' | 'canary'
  readonly upstream: Upstream
  readonly endpoint: Endpoint
  readonly requestId: string
  /** The client's `Sec-WebSocket-Key`. */
  readonly key: string
  readonly asked: AskedSession
}

type UpgradeListener = (response: IncomingMessage, upstream: Socket, head: Buffer) => void

/**
 * One WebSocket connection, from its handshake to the end of both sockets. http-proxy writes the handshake and joins the
 * sockets; all that can go wrong is dealt with here. States:
 *   connecting  to the endpoint, at most `timeouts.connect`
 *   asking      the handshake is sent, the answer takes at most `timeouts.first_byte`
 *   refusing    the client gets another answer than 101, the upstream's or a problem; then its connection closes
 *   open        bytes flow both ways without a deadline: the two ends have their own pings
 *   closing     one side has ended, or both are told to go; cut when no byte has moved for LINGER_MS
 *   closed      both sockets are gone
 */
export class Tunnel implements WheelEntry {
  /** The upgrade as it goes to the upstream; http-proxy makes it. */
  request: ClientRequest | null = null
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly #plane: DataPlane
  readonly #plan: TunnelPlan
  readonly #client: Socket
  readonly #startedAtUs: number
  #state: 'connecting' | 'asking' | 'refusing' | 'open' | 'closing' | 'closed' = 'connecting'
  #upstream: Socket | null = null
  /** The endpoint has been told how it ended. */
  #released = false
  /** Bytes moved when the deadline was set. */
  #movedBytes = 0
  #lingerMs = LINGER_MS
  #leaving = false
  #goodbye: Goodbye | null = null
  #session: Session | null = null

  constructor(plane: DataPlane, plan: TunnelPlan, client: Socket) {
    this.#plane = plane
    this.#plan = plan
    this.#client = client
    this.#startedAtUs = plane.clock.nowUs()
    plan.endpoint.started(performance.now())
    plane.tunnels.add(this)
    client.on('error', () => client.destroy())
    client.once('close', () => this.#sideGone(client, this.#upstream))
    client.once('end', () => this.#sideEnded())
    client.on('readable', this.#noticeEnd)
  }

  /** Takes over `request`, which http-proxy has just sent, with http-proxy's way of joining the sockets. */
  begin(): void {
    const request = this.request as ClientRequest
    const join = request.listeners('upgrade') as UpgradeListener[]
    for (const event of ['upgrade', 'response', 'error']) request.removeAllListeners(event)
    request.on('error', (error: Error) => this.#failed(error))
    request.once('upgrade', (response, upstream: Socket, head) => this.#answered(response, upstream, head, join))
    request.once('response', (response: IncomingMessage) => this.#refused(response))
    request.once('socket', (socket: Socket) => {
      const secure = this.#plan.endpoint.plan.origin.startsWith('https:')
      socket.once(secure ? 'secureConnect' : 'connect', () => this.#connected())
    })
    this.#plane.wheel.arm(this, this.#plan.upstream.plan.timeouts.connectMs)
  }

  /** The process is about to end: both ends hear it in a close frame of their own (1001). */
  goAway(): void {
    this.#leaving = true
    if (this.#state !== 'open') return
    this.#session?.cut()
    this.#close()
    this.#goodbye?.say()
  }

  /** Cuts both sides at once. */
  destroy(): void {
    cutSocket(this.#client)
    if (this.#upstream !== null) cutSocket(this.#upstream)
    this.#cancelRequest()
  }

  onDeadline(): void {
    const { upstream } = this.#plan
    const { name, timeouts } = upstream.plan
    if (this.#state === 'connecting')
      this.#fail('UPSTREAM_CONNECT', `no connection to upstream ${name} within ${timeouts.connectMs} ms`)
    else if (this.#state === 'asking')
      this.#fail('UPSTREAM_TIMEOUT', `no answer to the upgrade from upstream ${name} within ${timeouts.firstByteMs} ms`)
    else if (this.#moved() === this.#movedBytes) this.destroy()
    else this.#linger(this.#lingerMs)
  }

  #connected(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'asking'
    this.#plane.wheel.arm(this, this.#plan.upstream.plan.timeouts.firstByteMs)
  }

  #answered(response: IncomingMessage, upstream: Socket, head: Buffer, join: readonly UpgradeListener[]): void {
    this.#upstream = upstream
    upstream.on('error', () => this.destroy())
    upstream.once('close', () => this.#sideGone(upstream, this.#client))
    if (this.#state !== 'connecting' && this.#state !== 'asking') {
      upstream.destroy()
      return
    }
    if (response.headers['sec-websocket-accept'] !== acceptFor(this.#plan.key)) {
      this.#fail('UPSTREAM_PROTOCOL', 'the upgrade was answered with a wrong Sec-WebSocket-Accept')
      upstream.destroy()
      return
    }
    this.#state = 'open'
    this.#plane.wheel.disarm(this)
    this.#count(101)
    // The endpoint has proved itself; a breaker that tries it must not wait until the connection ends.
    this.#plan.endpoint.ended('good', performance.now())
    this.#plan.endpoint.started(performance.now())
    const agreement = agreementOf(response.headers)
    const headers = Object.fromEntries(groupHeaders(this.#answerHeaders(response)))
    response.headers = { ...headers, connection: 'Upgrade', upgrade: 'websocket' }
    this.#client.off('readable', this.#noticeEnd)
    // http-proxy writes the head as a string without saying in what encoding; header values are latin1.
    this.#client.setDefaultEncoding('latin1')
    for (const listener of join) listener.call(this.request, response, upstream, head)
    for (const socket of [this.#client, upstream]) socket.setKeepAlive(true, PROBE_AFTER_MS)
    upstream.once('end', () => this.#sideEnded())
    this.#goodbye = new Goodbye(this.#client, upstream)
    this.#openSession(upstream, agreement)
    if (this.#leaving) this.goAway()
  }

  /** Only the primary's sessions are copied: a canary's user would be compared with itself. */
  #openSession(upstream: Socket, agreement: Agreement): void {
    const { arm, route, asked, endpoint } = this.#plan
    if (arm !== 'primary' || !route.shadows.some(({ plan }) => plan.websockets)) return
    const opened = { client: this.#client, upstream, agreement }
    this.#session = openSession(this.#plane, asked, endpoint, this.#startedAtUs, opened)
  }

  /** The upstream does not want the upgrade. Its answer ends with the connection: the body's framing is undone. */
  #refused(response: IncomingMessage): void {
    const client = this.#client
    if (this.#state !== 'connecting' && this.#state !== 'asking') return
    const { statusCode = 502, statusMessage = '' } = response
    this.#state = 'refusing'
    this.#count(statusCode)
    const own = ['connection', 'close', ...(statusCode === 426 ? ['upgrade', 'websocket'] : [])]
    const lines = fieldLines([...own, ...this.#answerHeaders(response)])
    client.write(`HTTP/1.1 ${statusCode} ${reasonPhrase(statusCode, statusMessage)}\r\n${lines}\r\n`, 'latin1')
    // The end of the connection is that of the answer: only a reset says that there was more.
    response.on('error', () => cutSocket(client))
    response.once('end', () => this.#linger(LINGER_MS))
    // A FIN: of whoever has gone, like that of any other client that is not answered yet.
    client.once('end', () => response.readableEnded || this.destroy())
    response.pipe(client)
    response.once('close', () => this.#release(statusCode >= 500 ? 'bad' : 'good'))
    client.off('readable', this.#noticeEnd)
    client.resume()
    this.#linger(this.#plan.upstream.plan.timeouts.betweenBytesMs)
  }

  #failed(error: Error): void {
    this.#fail(legErrorCode(error), error.message)
  }

  /** Before an answer: says why to the client, the counters and the log. */
  #fail(code: ErrorCode, detail: string): void {
    if (this.#state !== 'connecting' && this.#state !== 'asking') return
    this.#state = 'refusing'
    const { route, arm, upstream, endpoint, requestId } = this.#plan
    const gone = code === 'CLIENT_GONE'
    this.#plane.counters.error(route.plan.name, arm, code)
    this.#plane.log.write(gone ? 'debug' : 'warn', `${route.plan.name}/upgrade/${code}`, 'upgrade failed', {
      code,
      route: route.plan.name,
      arm,
      endpoint: endpoint.plan.authority,
      detail,
      requestId,
    })
    this.#count(gone ? 0 : answerRaw(this.#client, code, explainLegError(code, upstream.plan.name, detail), requestId))
    this.#release(gone ? 'undecided' : 'bad')
    this.#cancelRequest()
    if (gone) this.#client.destroy()
    if (this.#client.destroyed) this.#ended()
    else this.#linger(LINGER_MS)
  }

  /** One socket is gone. What the other still has to deliver may take its time; after an error nothing counts. */
  #sideGone(side: Socket, other: Socket | null): void {
    if (this.#state === 'refusing') this.#cancelRequest()
    if (this.#state === 'connecting' || this.#state === 'asking') this.#fail('CLIENT_GONE', 'the client went away')
    else if (other === null || other.destroyed) this.#ended()
    else if (side.readableEnded) this.#close()
    else cutSocket(other)
  }

  /** FIN of one side; http-proxy's pipes pass it on. An end that ignores it must not stay half open for ever. */
  #sideEnded(): void {
    if (this.#state === 'connecting' || this.#state === 'asking') this.#fail('CLIENT_GONE', 'the client went away')
    else if (this.#state === 'open') this.#close()
  }

  #cancelRequest(): void {
    const { request } = this
    if (request === null || this.#upstream !== null) return
    if (request.socket !== null) cutSocket(request.socket)
    request.destroy()
  }

  #close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#linger(LINGER_MS)
  }

  #ended(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#release('undecided')
    this.#plane.wheel.disarm(this)
    this.#plane.tunnels.delete(this)
  }

  /** From now on it is cut when no byte moves for so long. */
  #linger(ms: number): void {
    this.#lingerMs = ms
    this.#movedBytes = this.#moved()
    this.#plane.wheel.arm(this, ms)
  }

  #moved(): number {
    return bytesMoved(this.#client) + (this.#upstream === null ? 0 : bytesMoved(this.#upstream))
  }

  /** A paused socket does not say that it has ended unless it is asked; what has arrived stays where it is. */
  readonly #noticeEnd = (): void => {
    this.#client.read(0)
  }

  #answerHeaders(response: IncomingMessage): RawHeaders {
    const { requestId, arm } = this.#plan
    return answerHeadersOf(response.rawHeaders, response.headers.connection, requestId, arm)
  }

  /** The handshake as a request of its arm; how long the connection lasts is nobody's latency. */
  #count(status: number): void {
    const us = this.#plane.clock.nowUs() - this.#startedAtUs
    this.#plan.route.arms[this.#plan.arm].answered(status, us, us)
  }

  #release(verdict: LegVerdict): void {
    if (this.#released) return
    this.#released = true
    this.#plan.upstream.ended(this.#plan.endpoint, verdict)
  }
}

/** Bytes read, and written as far as the kernel has taken them. */
function bytesMoved(socket: Socket): number {
  return socket.bytesRead + socket.bytesWritten - socket.writableLength
}
