import type { Verdict } from '../evidence/verdict.ts'
import type { Look } from '../judge/experiment-judge.ts'
import type { Override } from '../judge/overrides.ts'
import type { SeenVerdict } from '../judge/rollout.ts'
import type { ControlState } from './state.ts'

/** What counts as the verdict of an experiment: an operator's override, else what the judge says. */
export interface EffectiveVerdict {
  readonly verdict: Verdict
  readonly override: Override | null
  /** The judge's. */
  readonly look: Look
}

/** null: the experiment was never judged. */
export function effectiveVerdict(state: ControlState, experiment: string): EffectiveVerdict | null {
  const look = state.judge.look(experiment)
  if (look === null) return null
  const override = state.overrides.get(experiment)
  return { verdict: override?.verdict ?? look.decision.verdict, override, look }
}

/** The same as a rollout sees it. */
export function seenVerdict(experiment: string, { verdict, override, look }: EffectiveVerdict): SeenVerdict {
  const { code, reason } = look.decision
  const judgedMs = look.second === null ? null : (look.second + 1) * 1e3
  if (override === null) return { id: experiment, verdict, code, reason, judgedMs }
  const by = `override by ${override.actor}: ${override.reason}`
  return { id: `${experiment}@${override.at}`, verdict, code: null, reason: by, judgedMs }
}
