import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { readWindow, sparseCounts } from '../../wire/read-window.ts'
import type { SealedWindow } from '../../wire/window.ts'
import type { WindowArchive } from '../window-archive.ts'
import { checkedText, readChecked } from './checked-text.ts'
import type { Part, StateFile } from './state-file.ts'

/** Windows that wait while the disk is away; what they add up to is kept apart, so no evidence goes with the oldest. */
const PENDING_MAX = 7_200
/**
 * Windows of one experiment in the file, of all threads together. As full as they get, with latencies over all of the
 * grid, they make a file of 34 MiB (measured with 8 threads; the journal is 4 MiB more).
 */
export const ROWS_MAX = 16_000

type Key = Pick<SealedWindow, 'experiment' | 'origin' | 'second'>

/** Which windows may go: those of an experiment up to a second. */
export interface Cut {
  readonly experiment: string
  /** They are judged, and old enough. */
  readonly through: number
  /** They are judged; of more than ROWS_MAX windows the oldest of them go as well. */
  readonly judgedThrough: number
}

/** The windows in the state file. Added ones are written with the next transaction. */
export class SqliteWindows implements WindowArchive, Part {
  readonly #file: StateFile
  readonly #insert: StatementSync
  readonly #find: StatementSync
  readonly #newest: StatementSync
  readonly #after: StatementSync
  readonly #rowsMax: StatementSync
  readonly #delete: StatementSync
  readonly #database: DatabaseSync
  #pending: SealedWindow[] = []
  #cuts: readonly Cut[] = []
  readonly #forgotten = new Set<string>()

  constructor(database: DatabaseSync, file: StateFile) {
    this.#database = database
    this.#file = file
    this.#insert = database.prepare('INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?)')
    this.#find = database.prepare('SELECT 1 FROM windows WHERE experiment = ? AND second = ? AND origin = ?')
    const select = 'SELECT second, origin, text, checksum FROM windows WHERE experiment = ?'
    this.#newest = database.prepare(`${select} ORDER BY second DESC, origin DESC LIMIT ?`)
    this.#after = database.prepare(`${select} AND second > ? ORDER BY rowid`)
    this.#rowsMax = database.prepare(
      'SELECT second FROM windows WHERE experiment = ? ORDER BY second DESC LIMIT 1 OFFSET ?',
    )
    this.#delete = database.prepare('DELETE FROM windows WHERE experiment = ? AND second <= ?')
  }

  add(window: SealedWindow): void {
    this.#pending.push(window)
    if (this.#pending.length > 2 * PENDING_MAX) this.#pending.splice(0, PENDING_MAX)
  }

  has({ experiment, origin, second }: Key): boolean {
    return (
      this.#pending.some(each => each.second === second && each.origin === origin && each.experiment === experiment) ||
      this.#file.read(() => this.#find.get(experiment, second, origin) !== undefined, false)
    )
  }

  newest(experiment: string, limit: number): SealedWindow[] {
    if (limit <= 0) return []
    const rows = this.#file.read(() => this.#newest.all(experiment, Math.min(limit, ROWS_MAX)), [])
    const stored = rows.toReversed().flatMap(row => readRow(experiment, row) ?? [])
    return [...stored, ...this.#pending.filter(window => window.experiment === experiment)].slice(-limit)
  }

  /** Those that are stored and later than the second, in the order they were added; null for each that is damaged. */
  after(experiment: string, second: number): (SealedWindow | null)[] {
    return this.#file.read(() => this.#after.all(experiment, second), []).map(row => readRow(experiment, row))
  }

  /** With the next transaction. */
  prune(cuts: readonly Cut[]): void {
    this.#cuts = cuts
  }

  forget(experiment: string): void {
    this.#pending = this.#pending.filter(window => window.experiment !== experiment)
    this.#forgotten.add(experiment)
  }

  write(): void {
    for (const experiment of this.#forgotten) this.#delete.run(experiment, Number.MAX_SAFE_INTEGER)
    for (const { schema: _schema, experiment, origin, second, counts, ...rest } of this.#pending) {
      const { text, checksum } = checkedText({ ...rest, counts: sparseCounts(counts) })
      this.#insert.run(experiment, second, origin, text, checksum)
    }
    for (const { experiment, through, judgedThrough } of this.#cuts) {
      this.#delete.run(experiment, through)
      const oldest = this.#rowsMax.get(experiment, ROWS_MAX)?.['second']
      if (oldest !== undefined) this.#delete.run(experiment, Math.min(Number(oldest), judgedThrough))
    }
    if (this.#cuts.length > 0) this.#giveBack()
  }

  /** Free pages are used again; where most of the file is free, the disk gets them back. */
  #giveBack(): void {
    const { pages = 0 } = this.#database.prepare('SELECT page_count AS pages FROM pragma_page_count').get() ?? {}
    const { free = 0 } = this.#database.prepare('SELECT freelist_count AS free FROM pragma_freelist_count').get() ?? {}
    if (Number(free) > Number(pages) / 2) this.#database.exec('PRAGMA incremental_vacuum')
  }

  written(): void {
    this.#pending = []
    this.#cuts = []
    this.#forgotten.clear()
  }
}

function readRow(experiment: string, row: Readonly<Record<string, unknown>>): SealedWindow | null {
  const { second, origin, text, checksum } = row
  const value = readChecked(text, checksum)
  if (typeof value !== 'object') return null
  return readWindow({ ...value, schema: 'understudy.window/1', experiment, origin, second })
}
