import type { Dispatcher } from 'undici'
import type { UpstreamPlan } from '../../config/snapshot.ts'
import type { Endpoint } from './endpoint.ts'

/** Asks every endpoint of one upstream on a schedule; a state changes only after several equal answers in a row. */
export class HealthChecks {
  readonly #plan: UpstreamPlan
  readonly #path: string
  readonly #timers: NodeJS.Timeout[]

  constructor(plan: UpstreamPlan, path: string, endpoints: readonly Endpoint[]) {
    this.#plan = plan
    this.#path = path
    this.#timers = endpoints.map(endpoint => {
      const streak = { passed: 0, failed: 0 }
      this.#ask(endpoint, streak)
      return setInterval(() => this.#ask(endpoint, streak), plan.health.intervalMs)
    })
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  #ask(endpoint: Endpoint, streak: Streak): void {
    const { health, timeouts, host } = this.#plan
    const timeoutMs = Math.min(health.intervalMs, timeouts.connectMs + timeouts.firstByteMs)
    const probe = new Probe(timeoutMs, passed => {
      streak.passed = passed ? streak.passed + 1 : 0
      streak.failed = passed ? 0 : streak.failed + 1
      if (endpoint.healthy && streak.failed >= health.unhealthyAfter) endpoint.healthy = false
      else if (!endpoint.healthy && streak.passed >= health.healthyAfter) endpoint.healthy = true
    })
    const name = host.kind === 'literal' ? host.value : endpoint.plan.authority
    endpoint.pool.dispatch(
      {
        method: 'GET',
        path: this.#path,
        headers: ['host', name, 'user-agent', 'understudy-health-check'],
        servername: endpoint.servername,
      } as Dispatcher.DispatchOptions,
      probe,
    )
  }
}

interface Streak {
  passed: number
  failed: number
}

/** One check: passed is a 2xx within the time; the body is read and thrown away. */
class Probe implements Dispatcher.DispatchHandler {
  refused = false
  readonly #timer: NodeJS.Timeout
  readonly #done: (passed: boolean) => void
  #controller: Dispatcher.DispatchController | null = null
  #status = 0
  #ended = false

  constructor(timeoutMs: number, done: (passed: boolean) => void) {
    this.#done = done
    this.#timer = setTimeout(() => {
      this.#end(false)
      this.#controller?.abort(new Error('the health check took too long'))
    }, timeoutMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#ended) controller.abort(new Error('the health check took too long'))
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#end(this.#status >= 200 && this.#status < 300)
  }

  onResponseError(controller: Dispatcher.DispatchController | null): void {
    if (controller === null) this.refused = true
    this.#end(false)
  }

  #end(passed: boolean): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    this.#done(passed)
  }
}
