import type { UpstreamPlan } from '../../config/snapshot.ts'
import type { Endpoint } from './endpoint.ts'
import type { AnswerHead } from './h1/answer-head.ts'
import type { Call, CallControl } from './h1/call.ts'
import { requestHead } from './h1/request-text.ts'

/** Asks every endpoint of one upstream on a schedule; a state changes only after several equal answers in a row. */
export class HealthChecks {
  readonly #plan: UpstreamPlan
  readonly #path: string
  readonly #timers: NodeJS.Timeout[]
  /** Under way. */
  readonly #probes = new Set<Probe>()

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
    for (const probe of this.#probes) probe.giveUp()
    this.#probes.clear()
  }

  #ask(endpoint: Endpoint, streak: Streak): void {
    const { health, timeouts, host } = this.#plan
    const timeoutMs = Math.min(health.intervalMs, timeouts.connectMs + timeouts.firstByteMs)
    const probe = new Probe(timeoutMs, passed => {
      this.#probes.delete(probe)
      streak.passed = passed ? streak.passed + 1 : 0
      streak.failed = passed ? 0 : streak.failed + 1
      if (endpoint.healthy && streak.failed >= health.unhealthyAfter) endpoint.healthy = false
      else if (!endpoint.healthy && streak.passed >= health.healthyAfter) endpoint.healthy = true
    })
    this.#probes.add(probe)
    const name = host.kind === 'literal' ? host.value : endpoint.plan.authority
    const fields = ['host', name, 'user-agent', 'understudy-health-check']
    const head = requestHead('GET', this.#path, fields, { kind: 'none' })
    probe.control = endpoint.connections.send(probe, { head, body: null, chunked: false }, performance.now())
  }
}

interface Streak {
  passed: number
  failed: number
}

/** One check: passed is a 2xx within the time; the body is read and thrown away. */
class Probe implements Call {
  readonly isAwaited = false
  readonly method = 'GET'
  control: CallControl | null = null
  readonly #timer: NodeJS.Timeout
  readonly #done: (passed: boolean) => void
  #status = 0

  constructor(timeoutMs: number, done: (passed: boolean) => void) {
    this.#done = done
    this.#timer = setTimeout(() => {
      this.control?.abort(this)
      this.#done(false)
    }, timeoutMs)
  }

  /** Nobody wants to know any more. */
  giveUp(): void {
    clearTimeout(this.#timer)
    this.control?.abort(this)
  }

  onRequestSent(): void {}
  onInterim(): void {}

  onAnswerHead({ status }: AnswerHead): void {
    this.#status = status
  }

  onAnswerData(): void {}

  onReadEnd(): void {}

  onAnswerEnd(): void {
    this.#end(this.#status >= 200 && this.#status < 300)
  }

  onCallFailed(): void {
    this.#end(false)
  }

  #end(passed: boolean): void {
    clearTimeout(this.#timer)
    this.#done(passed)
  }
}
