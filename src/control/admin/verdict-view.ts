import type { ExperimentPlan } from '../../config/snapshot.ts'
import type { Look } from '../../judge/experiment-judge.ts'
import type { GateResult } from '../../evidence/gate.ts'
import type { Verdict, VerdictCode } from '../../evidence/verdict.ts'
import type { Override } from '../../judge/overrides.ts'
import { effectiveVerdict } from '../effective-verdict.ts'
import type { ControlState } from '../state.ts'

/** A verdict as the API gives it, with the evidence of every gate. */
export interface VerdictView {
  readonly experiment: string
  /** The effective one: an operator's override, else the judge's. */
  readonly verdict: Verdict
  /** The judge's; `code` and `reason` are about this one. */
  readonly judged: Verdict
  readonly override: Override | null
  readonly code: VerdictCode
  readonly reason: string
  /** ISO 8601: when the newest judged second had ended; null before there is one. */
  readonly asOf: string | null
  /** Seconds since the epoch of the newest judged second; null likewise. */
  readonly watermark: number | null
  readonly primary: ExperimentPlan['primary'] | null
  readonly candidate: ExperimentPlan['candidate'] | null
  readonly coverage: {
    readonly eligible: number
    readonly sampled: number
    readonly paired: number
    readonly lost: Readonly<Record<string, number>>
    readonly bounds: readonly [number, number]
  }
  readonly alpha: { readonly rollback: number; readonly promote: number } | null
  /** Latency over which an answer counts as late, milliseconds; null while none is chosen. */
  readonly latencyThresholdMs: number | null
  /** The same of the time to the first token. */
  readonly firstTokenThresholdMs: number | null
  /** The same for clients of the canary and of the primary. */
  readonly canaryLatencyThresholdMs: number | null
  readonly gates: readonly Omit<GateResult, 'kind' | 'votesNeeded'>[]
}

/** null: the experiment was never judged. */
export function verdictView(state: ControlState, experiment: string): VerdictView | null {
  const effective = effectiveVerdict(state, experiment)
  if (effective === null) return null
  const { verdict, override, look } = effective
  const plan = state.snapshot.experiments.find(({ id }) => id === experiment)
  return { ...viewOf(experiment, look, plan), verdict, override }
}

/** A look at an experiment, which nobody has overridden; `plan` is undefined where the configuration has moved on. */
export function viewOf(experiment: string, look: Look, plan: ExperimentPlan | undefined): VerdictView {
  const { verdict, code, reason } = look.decision
  const { eligible, sampled, paired, lost, bounds } = look.coverage
  return {
    experiment,
    verdict,
    judged: verdict,
    override: null,
    code,
    reason,
    asOf: look.second === null ? null : new Date((look.second + 1) * 1e3).toISOString(),
    watermark: look.second,
    primary: plan?.primary ?? null,
    candidate: plan?.candidate ?? null,
    coverage: { eligible, sampled, paired, lost: positive(lost), bounds },
    alpha: plan === undefined ? null : { rollback: plan.verdict.alphaRollback, promote: plan.verdict.alphaPromote },
    latencyThresholdMs: look.thresholdUs === null ? null : look.thresholdUs / 1e3,
    firstTokenThresholdMs: look.firstTokenThresholdUs === null ? null : look.firstTokenThresholdUs / 1e3,
    canaryLatencyThresholdMs: look.armThresholdUs === null ? null : look.armThresholdUs / 1e3,
    gates: gateViews(look),
  }
}

/** Every gate with its estimate and interval. */
export function gateViews(look: Look): VerdictView['gates'] {
  return look.gates.map(({ kind: _kind, votesNeeded: _votesNeeded, ...gate }) => gate)
}

function positive(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
