import type { EndpointPlan, UpstreamPlan } from '../../config/snapshot.ts'
import { Breaker } from './breaker.ts'
import { Connections } from './h1/connections.ts'
import { sniOf } from './h1/open-socket.ts'

export type LegVerdict = 'good' | 'bad' | 'undecided'

/** One endpoint of an upstream on this thread. */
export class Endpoint {
  readonly plan: EndpointPlan
  /** Its place in the upstream's list; records name the endpoint by it. */
  readonly index: number
  readonly connections: Connections
  /** Name to present and to verify in TLS. */
  readonly servername: string
  inFlight = 0
  /** Of those, the ones whose request body is still arriving. */
  uploads = 0
  /** What the active checks say; true without them. */
  healthy = true
  readonly #breaker: Breaker

  constructor(plan: EndpointPlan, index: number, upstream: UpstreamPlan) {
    this.plan = plan
    this.index = index
    this.servername = upstream.tls?.servername ?? new URL(plan.origin).hostname.replace(/^\[|\]$/g, '')
    this.connections = new Connections(plan, upstream, this.servername)
    this.#breaker = new Breaker(upstream.outlier)
  }

  /** What of it goes into the TLS handshake. */
  get sni(): string {
    return sniOf(this.servername)
  }

  /** Neither found unhealthy nor left out for its errors. */
  usable(nowMs: number): boolean {
    return this.healthy && this.#breaker.allows(nowMs)
  }

  /** Not left out for its errors, whatever the active checks say. */
  admitted(nowMs: number): boolean {
    return this.#breaker.allows(nowMs)
  }

  started(nowMs: number): void {
    this.inFlight++
    this.#breaker.started(nowMs)
  }

  /** A leg has an answer that is no failure, and may go on for long. */
  answered(): void {
    this.#breaker.answered()
  }

  ended(verdict: LegVerdict, nowMs: number): void {
    this.inFlight--
    if (verdict === 'good') this.#breaker.succeeded()
    else if (verdict === 'bad') this.#breaker.failed(nowMs)
    else this.#breaker.undecided(nowMs)
  }
}
