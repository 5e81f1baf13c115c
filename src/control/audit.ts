import type { Verdict } from '../evidence/verdict.ts'

/** One change made by a person or a program through the admin API, or by a rollout; then the actor is `understudy`. */
export type AuditEntry = CanaryEntry | OverrideEntry

interface Entry {
  /** ISO 8601. */
  readonly at: string
  readonly actor: string
  readonly reason: string
  /** The configuration revision that carries the change, or that it was made under. */
  readonly revision: number
}

export interface CanaryEntry extends Entry {
  readonly action: 'canary_percent'
  readonly route: string
  readonly before: number
  readonly after: number
}

/** Effective verdicts: of the judge, or overridden. */
export interface OverrideEntry extends Entry {
  readonly action: 'verdict_override'
  readonly experiment: string
  readonly before: Verdict
  readonly after: Verdict
}

/** Who changed what, when and why. Each entry is a log line as well. */
export interface AuditLog {
  append(entry: AuditEntry): void
  /** Newest first. What an earlier version has written may be of another form. */
  newest(limit: number): unknown[]
}

const ENTRIES_KEPT = 1_000

/** The newest entries, for as long as the process lives. */
export class MemoryAuditLog implements AuditLog {
  readonly #entries: AuditEntry[] = []

  append(entry: AuditEntry): void {
    this.#entries.push(entry)
    if (this.#entries.length > ENTRIES_KEPT) this.#entries.shift()
  }

  newest(limit: number): AuditEntry[] {
    return this.#entries.slice(-limit).toReversed()
  }
}
