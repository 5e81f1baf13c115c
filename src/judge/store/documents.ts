import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { checkedText, readChecked, type CheckedText } from './checked-text.ts'
import type { Part, StateFile } from './state-file.ts'

/** Small pieces of state by name, each written and read as a whole: plain JSON values. */
export class SqliteDocuments implements Part {
  readonly #file: StateFile
  readonly #commit: () => void
  readonly #select: StatementSync
  readonly #upsert: StatementSync
  readonly #delete: StatementSync
  /** null: it is to be deleted. */
  readonly #pending = new Map<string, CheckedText | null>()

  /** `commit` writes what waits. */
  constructor(database: DatabaseSync, file: StateFile, commit: () => void) {
    this.#file = file
    this.#commit = commit
    this.#select = database.prepare('SELECT text, checksum FROM documents WHERE name = ?')
    this.#upsert = database.prepare('INSERT OR REPLACE INTO documents VALUES (?, ?, ?)')
    this.#delete = database.prepare('DELETE FROM documents WHERE name = ?')
  }

  /** What was set last; undefined when nothing was, or when it is damaged. Whoever reads it checks it. */
  get(name: string): unknown {
    const pending = this.#pending.get(name)
    if (pending === null) return undefined
    const row = pending ?? this.#file.read(() => this.#select.get(name), undefined)
    return row === undefined ? undefined : readChecked(row['text'], row['checksum'])
  }

  /** Stored when this returns; when the disk is away, as soon as it is back. undefined: as if it had never been set. */
  set(name: string, value: unknown): void {
    this.#pending.set(name, value === undefined ? null : checkedText(value))
    this.#commit()
  }

  write(): void {
    for (const [name, checked] of this.#pending) {
      if (checked === null) this.#delete.run(name)
      else this.#upsert.run(name, checked.text, checked.checksum)
    }
  }

  written(): void {
    this.#pending.clear()
  }
}
