import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { checkedText, readChecked, type CheckedText } from './checked-text.ts'
import type { Part, StateFile } from './state-file.ts'

/** Entries kept; a few hundred bytes each. */
export const AUDIT_ENTRIES_KEPT = 10_000

/** Who changed what, when and why: the newest entries. */
export class SqliteAudit implements Part {
  readonly #file: StateFile
  readonly #commit: () => void
  readonly #insert: StatementSync
  readonly #trim: StatementSync
  readonly #newest: StatementSync
  #pending: CheckedText[] = []

  /** `commit` writes what waits. */
  constructor(database: DatabaseSync, file: StateFile, commit: () => void) {
    this.#file = file
    this.#commit = commit
    this.#insert = database.prepare('INSERT INTO audit (text, checksum) VALUES (?, ?)')
    this.#trim = database.prepare('DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?')
    this.#newest = database.prepare('SELECT text, checksum FROM audit ORDER BY number DESC LIMIT ?')
  }

  /** Stored when this returns; when the disk is away, as soon as it is back. */
  append(entry: object): void {
    this.#pending.push(checkedText(entry))
    if (this.#pending.length > AUDIT_ENTRIES_KEPT) this.#pending.shift()
    this.#commit()
  }

  /** Newest first; damaged ones are left out. */
  newest(limit: number): unknown[] {
    const stored = this.#file.read(() => this.#newest.all(limit), [])
    const rows = [...this.#pending.toReversed(), ...stored].slice(0, limit)
    return rows.map(row => readChecked(row['text'], row['checksum'])).filter(entry => entry !== undefined)
  }

  write(): void {
    if (this.#pending.length === 0) return
    for (const { text, checksum } of this.#pending) this.#insert.run(text, checksum)
    this.#trim.run(AUDIT_ENTRIES_KEPT)
  }

  written(): void {
    this.#pending = []
  }
}
