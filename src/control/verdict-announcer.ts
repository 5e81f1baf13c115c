import type { Verdict } from '../evidence/verdict.ts'
import { effectiveVerdict } from './effective-verdict.ts'
import type { Log } from './log.ts'
import type { ControlState } from './state.ts'

/** Says in the log and in the events when the effective verdict of an experiment has become another one. */
export class VerdictAnnouncer {
  readonly #state: ControlState
  readonly #log: Log
  readonly #said = new Map<string, Verdict>()

  constructor(state: ControlState, log: Log) {
    this.#state = state
    this.#log = log
  }

  /** There was a new look at this experiment, or an operator has overridden its verdict. */
  looked(experiment: string): void {
    const effective = effectiveVerdict(this.#state, experiment)
    if (effective === null) return
    const { verdict, override, look } = effective
    const before = this.#said.get(experiment) ?? null
    if (verdict === before) return
    this.#said.set(experiment, verdict)
    const reason = override?.reason ?? look.decision.reason
    this.#log.info('verdict', { experiment, before, verdict, judged: look.decision.verdict, reason })
    this.#state.events.publish('verdict', { experiment, before, verdict, judged: look.decision.verdict, reason })
  }
}
