import type { AuditEntry, CanaryEntry, OverrideEntry } from './audit.ts'
import type { Log } from './log.ts'
import type { ControlState } from './state.ts'

/** The actor of what a ramp or a rollback has done. */
export const UNDERSTUDY = 'understudy'

export type CanaryChange = Pick<CanaryEntry, 'route' | 'actor' | 'reason' | 'before' | 'after'>
export type VerdictChange = Pick<OverrideEntry, 'experiment' | 'actor' | 'reason' | 'before' | 'after'> & {
  /** The judge's verdict is in force again. */
  readonly isTakenBack: boolean
}

/** A change that is made: into the audit log, the log and the events. `revision`: the configuration that carries it. */
export function recordChange(
  state: ControlState,
  log: Log,
  change: CanaryChange | VerdictChange,
  revision: number,
): void {
  const entry = entryOf(change, new Date().toISOString(), revision)
  state.audit.append(entry)
  log.warn(messageOf(change), { ...entry })
  state.events.publish('audit', entry)
}

function entryOf(change: CanaryChange | VerdictChange, at: string, revision: number): AuditEntry {
  if ('route' in change) return { action: 'canary_percent', at, ...change, revision }
  const { isTakenBack: _said, ...made } = change
  return { action: 'verdict_override', at, ...made, revision }
}

function messageOf(change: CanaryChange | VerdictChange): string {
  if ('route' in change) {
    return change.actor === UNDERSTUDY ? 'canary percentage set by its rollout' : 'canary percentage set by hand'
  }
  return change.isTakenBack ? 'override of the verdict taken back' : 'verdict overridden'
}
