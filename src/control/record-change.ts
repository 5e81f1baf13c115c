import type { AuditEntry, CanaryEntry, OverrideEntry } from './audit.ts'
import type { Log } from './log.ts'
import type { ControlState } from './state.ts'

/** The actor of what a ramp or a rollback has done. */
export const UNDERSTUDY = 'understudy'

export type CanaryChange = Pick<CanaryEntry, 'route' | 'actor' | 'reason' | 'before' | 'after'>
export type VerdictChange = Pick<OverrideEntry, 'experiment' | 'actor' | 'reason' | 'before' | 'after'>

/** A change that is made: into the audit log, the log and the events. `revision`: the configuration that carries it. */
export function recordChange(
  state: ControlState,
  log: Log,
  change: CanaryChange | VerdictChange,
  revision: number,
): void {
  const at = new Date().toISOString()
  const entry: AuditEntry =
    'route' in change
      ? { action: 'canary_percent', at, ...change, revision }
      : { action: 'verdict_override', at, ...change, revision }
  state.audit.append(entry)
  log.warn(messageOf(entry), { ...entry })
  state.events.publish('audit', entry)
}

function messageOf({ action, actor }: AuditEntry): string {
  if (action === 'verdict_override') return 'verdict overridden'
  return actor === UNDERSTUDY ? 'canary percentage set by its rollout' : 'canary percentage set by hand'
}
