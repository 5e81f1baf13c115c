import type { Pool } from 'undici'
import type { EndpointPlan, UpstreamPlan } from '../../config/snapshot.ts'
import { openPool } from './pool.ts'

/** One endpoint of an upstream on this thread. */
export interface Endpoint {
  readonly plan: EndpointPlan
  /** Its place in the upstream's list; records name the endpoint by it. */
  readonly index: number
  readonly pool: Pool
  /** Name to present and to verify in TLS: fixed, or each new Host would make undici drop the connection. */
  readonly servername: string
  inFlight: number
}

/** One deployed model version, as this thread reaches it. */
export class Upstream {
  readonly plan: UpstreamPlan
  readonly endpoints: readonly Endpoint[]
  #next = 0

  constructor(plan: UpstreamPlan) {
    this.plan = plan
    this.endpoints = plan.endpoints.map((endpoint, index) => ({
      plan: endpoint,
      index,
      pool: openPool(endpoint, plan),
      servername: plan.tls?.servername ?? new URL(endpoint.origin).hostname,
      inFlight: 0,
    }))
  }

  get inFlight(): number {
    return this.endpoints.reduce((sum, endpoint) => sum + endpoint.inFlight, 0)
  }

  /**
   * The endpoint for the next request; null when all connections of the choice are taken. Not queued: undici's queue has
   * neither bound nor deadline, so a request that would wait there is refused here.
   */
  pick(): Endpoint | null {
    const endpoint = this.plan.balance === 'round-robin' ? this.#roundRobin() : this.#leastInFlight()
    return endpoint.inFlight < this.plan.connections ? endpoint : this.#anyFree()
  }

  /** Waits for what is under way, then closes the connections. */
  async close(): Promise<void> {
    await Promise.all(this.endpoints.map(endpoint => endpoint.pool.close()))
  }

  async destroy(): Promise<void> {
    await Promise.all(this.endpoints.map(endpoint => endpoint.pool.destroy()))
  }

  #roundRobin(): Endpoint {
    this.#next = (this.#next + 1) % this.endpoints.length
    return this.endpoints[this.#next] as Endpoint
  }

  /** The less busy of two random ones: near-perfect balance without looking at all of them. */
  #leastInFlight(): Endpoint {
    const count = this.endpoints.length
    const a = this.endpoints[Math.floor(Math.random() * count)] as Endpoint
    if (count === 1) return a
    const b = this.endpoints[(a.index + 1 + Math.floor(Math.random() * (count - 1))) % count] as Endpoint
    return b.inFlight < a.inFlight ? b : a
  }

  #anyFree(): Endpoint | null {
    return this.endpoints.find(endpoint => endpoint.inFlight < this.plan.connections) ?? null
  }
}
