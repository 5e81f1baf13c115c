import type { UpstreamPlan } from '../../config/snapshot.ts'
import type { DeadlineWheel } from '../deadline-wheel.ts'
import { Endpoint, type LegVerdict } from './endpoint.ts'
import { HealthChecks } from './health-checks.ts'
import { WaitingLine, type Waiter } from './waiting-line.ts'

/** One deployed model version, as this thread reaches it. */
export class Upstream {
  readonly plan: UpstreamPlan
  readonly endpoints: readonly Endpoint[]
  readonly #line: WaitingLine
  readonly #checks: HealthChecks | null
  #next = 0

  constructor(plan: UpstreamPlan, wheel: DeadlineWheel) {
    this.plan = plan
    this.endpoints = plan.endpoints.map((endpoint, index) => new Endpoint(endpoint, index, plan))
    // As many may wait as are served: a line longer than that is not served within anyone's patience.
    this.#line = new WaitingLine(wheel, plan.connections * plan.endpoints.length, plan.timeouts.connectMs)
    this.#checks = plan.health.path === null ? null : new HealthChecks(plan, plan.health.path, this.endpoints)
  }

  get inFlight(): number {
    return this.endpoints.reduce((sum, endpoint) => sum + endpoint.inFlight, 0)
  }

  get usableEndpoints(): number {
    const nowMs = performance.now()
    return this.endpoints.reduce((sum, endpoint) => sum + (endpoint.usable(nowMs) ? 1 : 0), 0)
  }

  /** Some endpoint is neither unhealthy nor left out: a canary whose upstream has none falls back. */
  get available(): boolean {
    const nowMs = performance.now()
    return this.endpoints.some(endpoint => endpoint.usable(nowMs))
  }

  /** The endpoint for the next leg; null when all connections are taken. `but`: the one that just failed, if another can do. */
  pick(but: Endpoint | null = null): Endpoint | null {
    if (this.endpoints.length === 1) return this.#free(this.endpoints[0] as Endpoint)
    const usable = this.#usable(performance.now())
    const others = but === null || usable.length === 1 ? usable : usable.filter(endpoint => endpoint !== but)
    const choice = this.plan.balance === 'round-robin' ? this.#roundRobin(others) : leastInFlight(others)
    return this.#free(choice) ?? others.find(endpoint => this.#free(endpoint) !== null) ?? null
  }

  /** Stands in line for a connection. false: the line is full. */
  wait(waiter: Waiter): boolean {
    return this.#line.join(waiter)
  }

  /** A leg has ended: the endpoint is told how, and whoever is first in line gets the connection. */
  ended(endpoint: Endpoint, verdict: LegVerdict): void {
    endpoint.ended(verdict, performance.now())
    if (!this.#line.empty && this.#free(endpoint) !== null) this.#line.serve(endpoint)
  }

  /** Waits for what is under way, then closes the connections. */
  async close(): Promise<void> {
    this.#checks?.stop()
    await Promise.all(this.endpoints.map(endpoint => endpoint.pool.close()))
  }

  async destroy(): Promise<void> {
    this.#checks?.stop()
    await Promise.all(this.endpoints.map(endpoint => endpoint.pool.destroy()))
  }

  #free(endpoint: Endpoint): Endpoint | null {
    return endpoint.inFlight < this.plan.connections ? endpoint : null
  }

  /**
   * Without those that are unhealthy or left out; but never so few that the rest would drown. When most seem broken, the
   * judgement is what is broken: then every endpoint is tried.
   */
  #usable(nowMs: number): readonly Endpoint[] {
    const admitted = this.endpoints.filter(endpoint => endpoint.admitted(nowMs))
    const leftOut = this.endpoints.length - admitted.length
    const pool =
      leftOut > (this.endpoints.length * this.plan.outlier.maxEjectedPercent) / 100 ? this.endpoints : admitted
    const healthy = pool.filter(endpoint => endpoint.healthy)
    return healthy.length > 0 ? healthy : this.endpoints
  }

  #roundRobin(endpoints: readonly Endpoint[]): Endpoint {
    this.#next = (this.#next + 1) % endpoints.length
    return endpoints[this.#next] as Endpoint
  }
}

/** The less busy of two random ones: near-perfect balance without looking at all of them. */
function leastInFlight(endpoints: readonly Endpoint[]): Endpoint {
  const count = endpoints.length
  const first = Math.floor(Math.random() * count)
  const a = endpoints[first] as Endpoint
  if (count === 1) return a
  const b = endpoints[(first + 1 + Math.floor(Math.random() * (count - 1))) % count] as Endpoint
  return b.inFlight < a.inFlight ? b : a
}
