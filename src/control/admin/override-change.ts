import { VERDICTS, type Verdict } from '../../evidence/verdict.ts'
import { isVerdict } from '../../judge/overrides.ts'
import { effectiveVerdict } from '../effective-verdict.ts'
import type { Log } from '../log.ts'
import { recordChange } from '../record-change.ts'
import type { ControlState } from '../state.ts'
import { readSignature, type Signature } from './signature.ts'

/** What an operator puts in the place of the judge's verdict; null takes the override back. */
export interface OverrideChange extends Signature {
  readonly verdict: Verdict | null
}

/** Reads `{verdict, actor, reason}`. @returns the change, or what is wrong with it. */
export function readOverrideChange(body: unknown): OverrideChange | string {
  if (typeof body !== 'object' || body === null) {
    return 'send {"verdict": "PROMOTE", "actor": "you", "reason": "why"} as JSON'
  }
  const { verdict } = body as Record<string, unknown>
  if (verdict !== null && !isVerdict(verdict)) {
    return `verdict must be one of ${VERDICTS.join(', ')}, or null to take an override back`
  }
  const signature = readSignature(body as Record<string, unknown>)
  return typeof signature === 'string' ? signature : { verdict, ...signature }
}

/**
 * Overrides the verdict of an experiment. Whoever waits for it hears of it, and its rollout too. To take back what is not
 * there changes nothing.
 * @returns false when the experiment was never judged: then nothing is changed.
 */
export function overrideVerdict(state: ControlState, log: Log, experiment: string, change: OverrideChange): boolean {
  const judged = effectiveVerdict(state, experiment)
  if (judged === null) return false
  const { verdict, actor, reason } = change
  const isTakenBack = verdict === null
  if (isTakenBack && judged.override === null) return true
  state.overrides.set(experiment, verdict === null ? null : { verdict, actor, reason, at: new Date().toISOString() })
  const after = verdict ?? judged.look.decision.verdict
  const made = { experiment, actor, reason, before: judged.verdict, after, isTakenBack }
  recordChange(state, log, made, state.snapshot.revision)
  state.looked(experiment)
  return true
}
