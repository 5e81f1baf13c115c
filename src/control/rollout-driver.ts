import { performance } from 'node:perf_hooks'
import { observed, setByHand, wantedPercent, type Rollout } from '../judge/rollout.ts'
import { effectiveVerdict, seenVerdict } from './effective-verdict.ts'
import type { Log } from './log.ts'
import { recordChange, UNDERSTUDY, type CanaryChange } from './record-change.ts'
import type { Reloader, ReloadResult } from './reload.ts'
import { canaryExperiment } from './rollout-book.ts'
import type { ControlState } from './state.ts'

/** What an operator asks for. */
export interface OperatorChange {
  readonly route: string
  readonly percent: number
  /** The ramp of the file goes on from this percentage; else it stays where it is set. */
  readonly resumeRamp: boolean
  readonly actor: string
  readonly reason: string
}

/**
 * Moves the rollouts: told of each look at an experiment and of each change by an operator, it puts the percentage that
 * follows in force on all threads and records it. Without a timer: steps are due by judged time, and a stop must not wait.
 */
export class RolloutDriver {
  readonly #state: ControlState
  readonly #reloader: Pick<Reloader, 'applyPercents'>
  readonly #log: Log

  constructor(state: ControlState, reloader: Pick<Reloader, 'applyPercents'>, log: Log) {
    this.#state = state
    this.#reloader = reloader
    this.#log = log
  }

  /** There was a new look at this experiment, or an operator has overridden its verdict. */
  looked(experiment: string): void {
    const { snapshot, rollouts } = this.#state
    const effective = effectiveVerdict(this.#state, experiment)
    if (effective === null) return
    const seen = seenVerdict(experiment, effective)
    for (const { name, canary } of snapshot.routes) {
      const rollout = rollouts.get(name)
      if (canary === null || rollout === null || canaryExperiment(snapshot, name)?.id !== experiment) continue
      // A reload is under way: the rollout is the next configuration's already, and follows another experiment.
      if (rollout.experiment !== experiment) continue
      const step = observed(rollout, canary, seen)
      const change = this.#enter(name, step.rollout, step.reason)
      if (step.reason !== null) void this.#enforce({ ...change, actor: UNDERSTUDY, reason: step.reason })
    }
  }

  /** All experiments at once: another configuration is in force. */
  lookAtAll(): void {
    for (const { id } of this.#state.snapshot.experiments) this.looked(id)
  }

  /** Refused for a route without a canary, a ramp that is not there, and while the process is shutting down. */
  async setByHand({ route, percent, resumeRamp, actor, reason }: OperatorChange): Promise<ReloadResult> {
    const { snapshot, rollouts, draining } = this.#state
    const canary = snapshot.routes.find(({ name }) => name === route)?.canary ?? null
    const rollout = rollouts.get(route)
    if (canary === null || rollout === null) return this.#refused(`route ${route} has no canary`)
    if (resumeRamp && canary.ramp === null) return this.#refused(`the canary of route ${route} has no ramp to resume`)
    if (draining) return this.#refused('the process is shutting down')
    const change = this.#enter(route, setByHand(rollout, canary, percent, resumeRamp), reason)
    return await this.#enforce({ ...change, actor, reason })
  }

  /** Keeps the rollout and tells of it when it shows. */
  #enter(route: string, rollout: Rollout, reason: string | null): Pick<CanaryChange, 'route' | 'before' | 'after'> {
    const { snapshot, rollouts, events } = this.#state
    const earlier = rollouts.get(route)
    const inForce = snapshot.routes.find(({ name }) => name === route)?.canary?.percent ?? 0
    const before = earlier === null ? inForce : wantedPercent(earlier, inForce)
    const after = wantedPercent(rollout, inForce)
    rollouts.set(route, rollout)
    if (before !== after || earlier?.state.kind !== rollout.state.kind) {
      events.publish('rollout', { route, state: rollout.state.kind, percent: after, reason })
    }
    return { route, before, after }
  }

  /** Puts what the rollouts want in force, then records the change. Never rejects. */
  async #enforce(change: CanaryChange): Promise<ReloadResult> {
    const startedMs = performance.now()
    const { route, actor, reason } = change
    try {
      const result = await this.#reloader.applyPercents(`set by ${actor}: ${reason}`)
      recordChange(this.#state, this.#log, change, result.revision)
      this.#log.debug('canary percentage in force', { route, ms: Math.round(performance.now() - startedMs) })
      return result
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      this.#log.error('canary percentage not in force', { ...change, problem })
      return this.#refused(problem)
    }
  }

  #refused(problem: string): ReloadResult {
    return { result: 'refused', revision: this.#state.snapshot.revision, problems: [problem] }
  }
}
