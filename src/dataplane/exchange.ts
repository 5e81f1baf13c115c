import type { CanaryPlan } from '../config/snapshot.ts'
import { ProxyError } from '../errors.ts'
import { assign } from './assign.ts'
import { ChunkList } from './chunk-list.ts'
import type { DataPlane } from './data-plane.ts'
import type { Attendant, Downstream } from './http/downstream.ts'
import { NO_CLIENT } from './http/no-client.ts'
import { refuse } from './http/refuse.ts'
import type { RawHeaders } from './http/request-headers.ts'
import type { Upload, UploadOwner } from './http/upload.ts'
import { matchByBody } from './match.ts'
import { bodyJson } from './routing/body-json.ts'
import type { RequestHead } from './routing/request-head.ts'
import type { RouteRuntime, Runtime } from './runtime.ts'
import { mirror } from './shadow/mirror.ts'
import type { Session } from './shadow/session.ts'
import { dropWaiting, type ShadowSlot } from './shadow/slot.ts'
import { liveEnded } from './settle.ts'
import type { SecondTally } from './tallies.ts'
import { BodyCapture } from './upstream/capture.ts'
import type { Endpoint } from './upstream/endpoint.ts'
import type { BodyStream } from './upstream/h1/body-stream.ts'
import { armUpstream, forward, retry, type RequestBody } from './upstream/forward.ts'
import type { LiveLeg } from './upstream/live-leg.ts'

/** Stands in until normalise and match have run, so that every field has one type for all of its life. */
const NO_HEAD: RequestHead = { method: '', path: '', query: '', host: '', headers: {}, requestId: '', address: '' }
const NO_BODY = new ChunkList()
const NONE: readonly Endpoint[] = []

/** The arm that was chosen, whoever answers in the end, and what the choice hung on. */
export interface Assignment {
  readonly arm: 'primary' | 'canary'
  /** Same for all requests with the same sticky key; null: the choice was random. */
  readonly key: number | null
  readonly canary: CanaryPlan
}

/**
 * All that belongs to one client request, from its head to the settling of its last leg. It carries; the phases
 * (handle-request.ts) do. Every field is set in the constructor, so all exchanges have one shape.
 */
export class Exchange implements UploadOwner, Attendant {
  readonly plane: DataPlane
  readonly runtime: Runtime
  /** `NO_CLIENT` once it has been answered. */
  client: Downstream
  /** Microseconds since the epoch. */
  readonly arrivedAtUs: number
  /** Made by the proxy, unique per exchange. */
  readonly id: string
  /** The client's `x-request-id`, or `id`. */
  requestId = ''
  /** Path and query as they are forwarded. */
  originForm = ''
  head: RequestHead = NO_HEAD
  /** The runtime's `noRoute` until one is matched. */
  route: RouteRuntime
  routeName = '-'
  matched = false
  /** The route or the arm hangs on the body: nothing is chosen before it is there, or turns out to be too long. */
  waitsForBody = false
  /** What every leg sends, before the rules of its upstream. */
  sharedHeaders: RawHeaders = []
  arm: 'primary' | 'canary' = 'primary'
  /** Where the route has a canary: what was decided, until the outcome is counted. */
  assignment: Assignment | null = null
  admitted = false
  /** The arm and the shadows are chosen. */
  assigned = false
  /** The second the exchange counts in; later than its arrival where it waited for its body. */
  assignedAtUs = 0
  /** Endpoints of failed attempts before the live leg. */
  tried: readonly Endpoint[] = NONE
  upload: Upload | null = null
  live: LiveLeg | null = null
  /** The client has its answer, or is gone. */
  answered = false
  clientGone = false
  /** The sampled shadows; empty for most exchanges of a sampled route. */
  slots: ShadowSlot[] = []
  /** One of them is the control. */
  hasControl = false
  /** What has one vote, as frames hold it. Empty: the route has no unit, or the request does not carry it. */
  unit = ''
  /** Shadows that are not settled yet. */
  unsettled = 0
  /** Largest request any of the slots takes, and largest answer any of them wants, bytes. */
  teeBytes = 0
  captureBytes = 0
  requestBody: ChunkList = NO_BODY
  /** `requestBody` is the whole body. */
  bodyCopied = false
  /** The copy of a body that was streamed. */
  teed: BodyCapture | null = null
  /** What a body that came whole counts in the copy memory. */
  heldBytes = 0
  tally: SecondTally | null = null
  /** A WebSocket connection that the primary has accepted; `session`: what of it is compared. */
  isSession = false
  session: Session | null = null
  /** The plane's list of unsettled exchanges, in order of arrival. */
  previous: Exchange | null = null
  next: Exchange | null = null

  constructor(plane: DataPlane, client: Downstream) {
    this.plane = plane
    this.runtime = plane.runtime
    this.client = client
    this.route = plane.runtime.noRoute
    this.arrivedAtUs = plane.clock.nowUs()
    this.id = plane.nextExchangeId()
  }

  /** For requests without a body. */
  forwardWithoutBody(): void {
    this.#forward(null)
    this.onBodyCopied(NO_BODY)
  }

  mayStream(): boolean {
    return armUpstream(this).roomForUpload
  }

  tee(): BodyCapture | null {
    if (!this.assigned && !this.#choose()) return null
    this.teed = new BodyCapture(this.teeBytes, this.plane.copyMemory)
    return this.teed
  }

  onBodyWhole(body: ChunkList): void {
    if (this.answered) return
    if (!this.assigned) {
      const { head } = this
      this.head = { ...head, json: bodyJson(body.whole()) }
      const isChosen = this.#choose()
      // Nothing asks for it any more, and as objects a body takes several times its bytes until the slowest copy is settled.
      this.head = head
      if (!isChosen) return
    }
    this.#forward(body)
    this.onBodyCopied(body)
  }

  onBodyArriving(stream: BodyStream): void {
    if (!this.answered) this.#forward(stream)
  }

  onBodyCopied(copy: ChunkList | null): void {
    if (copy === null) dropWaiting(this, this.teed?.state === 'let_go' ? 'memory' : 'body_limit')
    else {
      this.requestBody = copy
      this.bodyCopied = true
      if (this.live !== null) mirror(this)
    }
  }

  /** The request left the waiting line: the copies, if they can be made already, go with it. */
  onForwarded(): void {
    if (this.bodyCopied) mirror(this)
  }

  onBodyTooLarge(): void {
    this.#endLive(new ProxyError('BODY_TOO_LARGE', `the body is over ${this.plane.limits.bodyBytes} bytes`))
  }

  /** The body takes longer than `limits.request`. */
  onBodyLate(): void {
    const { requestMs } = this.plane.limits
    this.#endLive(new ProxyError('REQUEST_TIMEOUT', `the body did not arrive within ${requestMs} ms (limits.request)`))
  }

  /** The body is not valid HTTP. */
  onBodyMalformed(detail: string): void {
    this.#endLive(new ProxyError('BAD_REQUEST', detail))
  }

  /** The process ends, and the answer is not there. */
  onShutdown(): void {
    this.#endLive(new ProxyError('DRAINING', 'the proxy is shutting down, and there was no answer in time'))
  }

  /** The client closed, or broke, its connection before the answer was complete, or does not take it. */
  onClientGone(detail: string): void {
    if (this.answered) return
    this.clientGone = true
    if (this.#running === null) liveEnded(this)
    else this.#running.fail('CLIENT_GONE', detail)
  }

  onClientDrained(): void {
    this.live?.onClientDrained()
  }

  /** The leg has failed. true: another one has taken its place. */
  retry(failed: LiveLeg): boolean {
    return retry(this, failed)
  }

  refuseAdmitted(error: ProxyError): void {
    if (this.answered) return
    this.plane.release(this)
    refuse(this, error)
    liveEnded(this)
  }

  /** It is answered: its connection is no business of what is left to do. */
  letGoOfClient(): void {
    this.client = NO_CLIENT
    this.upload?.letGoOfClient()
  }

  /** The leg under way: one that has failed, where the request waits for another endpoint, says nothing any more. */
  get #running(): LiveLeg | null {
    return this.live?.ended === false ? this.live : null
  }

  /** What has arrived may be with the model server already: its leg ends, and the client gets the reason. */
  #endLive(error: ProxyError): void {
    // The rest of the body may still come: the connection's framing is in doubt.
    this.client.closeAfterAnswer = true
    if (this.#running === null) this.refuseAdmitted(error)
    else this.#running.fail(error.code, error.message)
  }

  /** The route and the arm, where they waited for the body. false: there is no route, and the client was told. */
  #choose(): boolean {
    const refusal = matchByBody(this)
    if (refusal === null) assign(this)
    else this.refuseAdmitted(refusal)
    return refusal === null
  }

  #forward(body: RequestBody): void {
    const error = forward(this, body)
    if (error !== null) this.refuseAdmitted(error)
  }
}
