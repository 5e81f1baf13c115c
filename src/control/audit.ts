/** One change made by a person or a program through the admin API. */
export interface AuditEntry {
  /** ISO 8601. */
  readonly at: string
  readonly action: 'canary_percent'
  readonly route: string
  readonly actor: string
  readonly reason: string
  readonly before: number
  readonly after: number
  /** The configuration revision that carries the change. */
  readonly revision: number
}

const ENTRIES_KEPT = 1_000

/** Who changed what, when and why; the newest entries, in memory. Each is a log line as well. */
export class AuditLog {
  readonly #entries: AuditEntry[] = []

  add(entry: AuditEntry): void {
    this.#entries.push(entry)
    if (this.#entries.length > ENTRIES_KEPT) this.#entries.shift()
  }

  /** Newest first. */
  entries(limit: number): AuditEntry[] {
    return this.#entries.slice(-limit).toReversed()
  }
}
