import type { UpstreamPlan } from '../../config/snapshot.ts'
import type { DeadlineWheel } from '../deadline-wheel.ts'
import { Endpoint, type LegVerdict } from './endpoint.ts'
import { HealthChecks } from './health-checks.ts'
import { StalledReaders } from './stalled-readers.ts'
import { WaitingLine, type Waiter } from './waiting-line.ts'

/**
 * Share of the connections that bodies still arriving may hold before further ones are held back (http/upload.ts): slow
 * clients, by accident or by intent, must leave the model server to those who are not.
 */
const UPLOAD_SHARE = 0.25

/** Share of the connections that copies may hold where clients are answered too: a copy has time, a client has not. */
const COPY_SHARE = 0.5

/** One deployed model version, as this thread reaches it. */
export class Upstream {
  readonly plan: UpstreamPlan
  readonly endpoints: readonly Endpoint[]
  readonly stalled = new StalledReaders()
  /** It is the primary or the canary of some route, not only a shadow. */
  servesClients = false
  readonly #line: WaitingLine
  readonly #checks: HealthChecks | null
  #next = 0
  #holders = 0

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

  /** The endpoint for the next leg; null when all connections are taken. One that was `tried` only if no other can do. */
  pick(tried: readonly Endpoint[] = []): Endpoint | null {
    if (this.endpoints.length === 1) return this.#free(this.endpoints[0] as Endpoint)
    const usable = this.#usable(performance.now())
    const untried = tried.length === 0 ? usable : usable.filter(endpoint => !tried.includes(endpoint))
    const choices = untried.length === 0 ? usable : untried
    const choice = this.plan.balance === 'round-robin' ? this.#roundRobin(choices) : leastInFlight(choices)
    return this.#free(choice) ?? choices.find(endpoint => this.#free(endpoint) !== null) ?? null
  }

  /** The same for a request that has waited for none: whoever stands in line has what is free first. */
  pickInTurn(): Endpoint | null {
    // A request sent ahead begins in the moment in which the one before it ends, before the line hears of the connection.
    this.serveLine()
    return this.pick()
  }

  /** The endpoint for a copy; null when the connections that copies may hold are taken. */
  pickForCopy(): Endpoint | null {
    const connections = this.plan.connections * this.endpoints.length
    const limit = this.servesClients ? Math.floor(connections * COPY_SHARE) : connections
    return this.inFlight < limit ? this.pick() : null
  }

  /** Another request may hold a connection while its body arrives, without taking those of requests that are whole. */
  get roomForUpload(): boolean {
    const uploads = this.endpoints.reduce((sum, endpoint) => sum + endpoint.uploads, 0)
    return uploads < Math.max(1, this.plan.connections * this.endpoints.length * UPLOAD_SHARE)
  }

  /** Stands in line for a connection. false: the line is full. */
  wait(waiter: Waiter): boolean {
    return this.#line.join(waiter)
  }

  /**
   * What a copy's verdict counts for. Where clients are answered too, it only speaks well: its deadline is its own, and what it
   * asks may be none of theirs. Copies that fail are kept back by the gate and the pace of their shadow.
   */
  verdictOfCopy(verdict: LegVerdict): LegVerdict {
    return verdict === 'bad' && this.servesClients ? 'undecided' : verdict
  }

  /** A leg has ended: the endpoint is told how, and whoever is first in line gets the connection. */
  ended(endpoint: Endpoint, verdict: LegVerdict): void {
    endpoint.ended(verdict, performance.now())
    this.serveLine()
  }

  /** A connection may have become free; to an endpoint that is left out it is none. */
  serveLine(): void {
    while (!this.#line.empty && this.#line.serve(this.#pickOther));
  }

  /** There is an endpoint that was not tried: if it is not picked, its connections are taken. */
  hasUntried(tried: readonly Endpoint[]): boolean {
    return this.#usable(performance.now()).some(endpoint => !tried.includes(endpoint))
  }

  /** A configuration names this upstream. */
  hold(): void {
    this.#holders++
  }

  /** A configuration has no use for it any more. After the last one it finishes what is under way and closes. */
  letGo(): void {
    this.#holders--
    if (this.#holders > 0) return
    this.#checks?.stop()
    for (const endpoint of this.endpoints) endpoint.connections.close()
  }

  destroy(): void {
    this.#checks?.stop()
    for (const endpoint of this.endpoints) endpoint.connections.destroy()
  }

  readonly #pickOther = (tried: readonly Endpoint[]): Endpoint | null => {
    const endpoint = this.pick(tried)
    return endpoint !== null && tried.includes(endpoint) ? null : endpoint
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

  /** In the order of the plan, whichever are left out just now: a shorter list must not shift everyone's turn. */
  #roundRobin(choices: readonly Endpoint[]): Endpoint {
    do {
      this.#next = (this.#next + 1) % this.endpoints.length
    } while (!choices.includes(this.endpoints[this.#next] as Endpoint))
    return this.endpoints[this.#next] as Endpoint
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
