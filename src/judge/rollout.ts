import type { CanaryPlan, RampPlan } from '../config/snapshot.ts'
import type { Verdict, VerdictCode } from '../evidence/verdict.ts'
import { duration } from '../evidence/words.ts'

/**
 * The rollout of one canary, as a pure state machine: it has no clock and sets nothing in force. States:
 *
 * - manual: the percentage is the file's, or the one an operator has set; verdicts do not raise it
 * - ramping: time without harm is counted, and the next step is due when there is enough of it
 * - held: the ramp waits, because the verdict does not carry a step; the time counted so far is kept
 * - done: the ramp has reached its last step
 * - stopped: a ROLLBACK has set 0 percent, until an operator sets another percentage
 *
 * Every state but `stopped` becomes `stopped` by a ROLLBACK, unless `on_rollback` is none or an operator has overruled
 * that very verdict by going on after it. Only `setByHand` leaves `stopped`; nothing but `configured` and `setByHand`
 * leads from `manual` back to the ramp.
 */
export type RolloutState =
  /** percent null: the file's. */
  | { readonly kind: 'manual'; readonly percent: number | null }
  | { readonly kind: 'ramping'; readonly percent: number; readonly progress: Progress }
  | { readonly kind: 'held'; readonly percent: number; readonly progress: Progress; readonly why: HoldReason }
  | { readonly kind: 'done'; readonly percent: number }
  | { readonly kind: 'stopped'; readonly verdictId: string; readonly reason: string }

export const HOLD_REASONS = [
  'no_evidence', // nothing is judged yet: no traffic, or warm-up
  'not_promoted', // `when: PROMOTE`, and it is not there yet
  'rollback', // overruled, or `on_rollback: none`; only an override of the verdict lets the ramp go on
  'invalid',
  'expired',
] as const
export type HoldReason = (typeof HOLD_REASONS)[number]

/** How far a step has come. */
export interface Progress {
  /** Judged time without harm at this percentage, milliseconds. */
  readonly cleanMs: number
  /** Up to when it is counted, milliseconds since the epoch; null: from the next look on. */
  readonly judgedMs: number | null
}

export interface Rollout {
  /** Whose verdict it follows; null while the configuration has no experiment for the canary. */
  readonly experiment: string | null
  readonly state: RolloutState
  /** The ROLLBACK after which an operator has gone on. */
  readonly overruled: string | null
}

/** The effective verdict of the canary's experiment at one look. */
export interface SeenVerdict {
  /** Tells a judged verdict of one experiment from that of another, and from each override. */
  readonly id: string
  readonly verdict: Verdict
  /** null: an operator has decided, there need be no evidence. */
  readonly code: VerdictCode | null
  readonly reason: string
  /** End of the newest judged second, milliseconds since the epoch; null before there is one. */
  readonly judgedMs: number | null
}

/** What became of a rollout. `reason` says in words why the percentage is another one; null when it is not. */
export interface RolloutStep {
  readonly rollout: Rollout
  readonly reason: string | null
}

/**
 * A longer silence between two judged seconds counts as this much time without harm. A route with a request a minute is
 * ramped in its stride; a night without requests is none in which the candidate has shown anything.
 */
const SILENCE_COUNTED_MS = 60_000

const NO_PROGRESS: Progress = { cleanMs: 0, judgedMs: null }

/** A canary that has just been configured: at the file's percentage, from which a ramp goes up. */
export function begin(plan: CanaryPlan, experiment: string | null): Rollout {
  const state: RolloutState = plan.ramp === null ? { kind: 'manual', percent: null } : onRamp(plan.ramp, plan.percent)
  return { experiment, state, overruled: null }
}

/**
 * The same canary after a reload; `plan` carries the file's percentage. A ramp belongs to its experiment: what it has
 * reached was earned by evidence that a new one does not have. A percentage set by hand, and a stop, stay.
 */
export function configured(rollout: Rollout, plan: CanaryPlan, experiment: string | null): RolloutStep {
  const { state } = rollout
  const isSame = rollout.experiment === experiment
  const overruled = isSame ? rollout.overruled : null
  if (state.kind === 'stopped' || (state.kind === 'manual' && (state.percent !== null || plan.ramp === null))) {
    return { rollout: { ...rollout, experiment, overruled }, reason: null }
  }
  if (!isSame || plan.ramp === null || state.kind === 'manual') {
    const reason = plan.ramp === null ? 'the ramp was removed from the file' : 'a new experiment: the ramp begins anew'
    return { rollout: { ...begin(plan, experiment), overruled }, reason: state.kind === 'manual' ? null : reason }
  }
  const next = nextStep(plan.ramp, state.percent)
  if (next === null) return { rollout: { ...rollout, state: { kind: 'done', percent: state.percent } }, reason: null }
  return {
    rollout: state.kind === 'done' ? { ...rollout, state: onRamp(plan.ramp, state.percent) } : rollout,
    reason: null,
  }
}

/** A look at the canary's experiment, or another verdict by an operator. Looks come in the order of `judgedMs`. */
export function observed(rollout: Rollout, plan: CanaryPlan, seen: SeenVerdict): RolloutStep {
  const { state } = rollout
  if (state.kind === 'stopped') return { rollout, reason: null }
  if (seen.verdict === 'ROLLBACK' && plan.onRollback === 'stop' && seen.id !== rollout.overruled) {
    const reason = `ROLLBACK: ${seen.reason}`
    return { rollout: { ...rollout, state: { kind: 'stopped', verdictId: seen.id, reason } }, reason }
  }
  if ((state.kind !== 'ramping' && state.kind !== 'held') || plan.ramp === null) return { rollout, reason: null }
  return advanced(rollout, state, plan.ramp, seen)
}

/** An operator sets a percentage. `resume`: the ramp goes on from it; without, the percentage stays the operator's. */
export function setByHand(rollout: Rollout, plan: CanaryPlan, percent: number, resume: boolean): Rollout {
  const { state } = rollout
  const overruled = state.kind === 'stopped' ? state.verdictId : rollout.overruled
  if (!resume || plan.ramp === null) return { ...rollout, overruled, state: { kind: 'manual', percent } }
  return { ...rollout, overruled, state: onRamp(plan.ramp, percent) }
}

/** The percentage that should be in force; `filePercent` where nobody has set another one. */
export function wantedPercent({ state }: Rollout, filePercent: number): number {
  return state.kind === 'stopped' ? 0 : (state.percent ?? filePercent)
}

/** The percentage the ramp takes next; null when it has none, or does not go up by itself. */
export function upcomingStep({ state }: Rollout, plan: CanaryPlan): number | null {
  const isOnRamp = state.kind === 'ramping' || state.kind === 'held'
  return isOnRamp && plan.ramp !== null ? nextStep(plan.ramp, state.percent) : null
}

type OnRamp = Extract<RolloutState, { readonly kind: 'ramping' | 'held' }>

function advanced(rollout: Rollout, state: OnRamp, ramp: RampPlan, seen: SeenVerdict): RolloutStep {
  const { percent } = state
  const why = holdReason(ramp, seen)
  const progress = { cleanMs: state.progress.cleanMs, judgedMs: seen.judgedMs }
  if (why !== null) return { rollout: { ...rollout, state: { kind: 'held', percent, progress, why } }, reason: null }
  // The time before this look counts only if the verdict carried it at the look before.
  const cleanMs = progress.cleanMs + (state.kind === 'held' ? 0 : judgedBetween(state.progress.judgedMs, seen.judgedMs))
  const next = nextStep(ramp, percent)
  if (cleanMs < ramp.everyMs || next === null) {
    const going: RolloutState = { kind: 'ramping', percent, progress: { ...progress, cleanMs } }
    return { rollout: { ...rollout, state: going }, reason: null }
  }
  const isLast = nextStep(ramp, next) === null
  const stepped: RolloutState = isLast
    ? { kind: 'done', percent: next }
    : { kind: 'ramping', percent: next, progress: { cleanMs: 0, judgedMs: seen.judgedMs } }
  const reason = `${duration(cleanMs)} without harm at ${percent} %, the verdict is ${seen.verdict}`
  return { rollout: { ...rollout, state: stepped }, reason }
}

/** null: the verdict carries a step. */
function holdReason(ramp: RampPlan, { verdict, code }: SeenVerdict): HoldReason | null {
  switch (verdict) {
    case 'PROMOTE':
      return null
    case 'CONTINUE':
      if (code === 'warm_up' || code === 'no_evidence') return 'no_evidence'
      return ramp.when === 'PROMOTE' ? 'not_promoted' : null
    case 'ROLLBACK':
      return 'rollback'
    case 'INVALID':
      return 'invalid'
    case 'EXPIRED':
      return 'expired'
  }
}

function judgedBetween(fromMs: number | null, toMs: number | null): number {
  if (fromMs === null || toMs === null) return 0
  return Math.min(Math.max(0, toMs - fromMs), SILENCE_COUNTED_MS)
}

/** Held until the first look that carries a step. A ramp never lowers a percentage. */
function onRamp(ramp: RampPlan, percent: number): RolloutState {
  if (nextStep(ramp, percent) === null) return { kind: 'done', percent }
  return { kind: 'held', percent, progress: NO_PROGRESS, why: 'no_evidence' }
}

function nextStep(ramp: RampPlan, percent: number): number | null {
  return ramp.steps.find(step => step > percent) ?? null
}
