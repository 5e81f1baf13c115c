import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { BATCHES_KEPT, type GateMeans } from '../batch-means.ts'
import { checkedText, numbersChecksum, readChecked, type CheckedText } from './checked-text.ts'
import { isPlan, readState, writeState, type KeptExperiment, type ReadState } from './kept-experiment.ts'
import type { Part } from './state-file.ts'

/** Something in the file is not what was written. */
export class DamagedError extends Error {}

interface Pending {
  readonly plan: CheckedText
  readonly state: CheckedText
  readonly means: Readonly<Record<string, GateMeans>>
}

/** The folded state of each experiment in the state file. */
export class SqliteExperiments implements Part {
  readonly #database: DatabaseSync
  readonly #upsert: StatementSync
  readonly #insertMean: StatementSync
  readonly #trimMeans: StatementSync
  readonly #pending = new Map<string, Pending>()
  readonly #forgotten = new Set<string>()
  /** Means in the file, by experiment and gate: only those beyond are written. */
  readonly #stored = new Map<string, Readonly<Record<string, number>>>()

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#upsert = database.prepare(
      `INSERT INTO experiments VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET state = excluded.state, state_checksum = excluded.state_checksum`,
    )
    this.#insertMean = database.prepare('INSERT OR REPLACE INTO means VALUES (?, ?, ?, ?)')
    this.#trimMeans = database.prepare('DELETE FROM means WHERE experiment = ? AND gate = ? AND number <= ?')
  }

  /** All that is in the file. @throws DamagedError when it is not what was written. */
  read(): KeptExperiment[] {
    const rows = this.#database.prepare('SELECT * FROM experiments ORDER BY rowid').all()
    return rows.map(row => {
      const id = String(row['id'])
      const plan = readChecked(row['plan'], row['plan_checksum'])
      const state = readState(readChecked(row['state'], row['state_checksum']))
      if (state === null || !isPlan(plan, id)) throw new DamagedError(`experiment ${id} is not as it was written`)
      const means = this.#readMeans(id, state)
      this.#stored.set(id, numbersOf(means))
      return { plan, ledger: state.ledger, judge: { state: state.judge, judgedThrough: state.judgedThrough, means } }
    })
  }

  /** With the next transaction: its state as it is now. */
  put(experiment: KeptExperiment): void {
    const { plan, judge } = experiment
    this.#pending.set(plan.id, {
      plan: checkedText(plan),
      state: checkedText(writeState(experiment)),
      means: judge.means,
    })
  }

  /** With the next transaction. */
  forget(experiment: string): void {
    this.#pending.delete(experiment)
    this.#stored.delete(experiment)
    this.#forgotten.add(experiment)
  }

  write(): void {
    for (const experiment of this.#forgotten) {
      this.#database.prepare('DELETE FROM experiments WHERE id = ?').run(experiment)
      this.#database.prepare('DELETE FROM means WHERE experiment = ?').run(experiment)
    }
    for (const [id, { plan, state, means }] of this.#pending) {
      this.#upsert.run(id, plan.text, plan.checksum, state.text, state.checksum)
      for (const [gate, kept] of Object.entries(means)) this.#writeMeans(id, gate, kept)
    }
  }

  written(): void {
    for (const [id, { means }] of this.#pending) this.#stored.set(id, numbersOf(means))
    this.#pending.clear()
    this.#forgotten.clear()
  }

  #writeMeans(experiment: string, gate: string, { newest, ever }: GateMeans): void {
    const stored = this.#stored.get(experiment)?.[gate] ?? 0
    const first = ever - newest.length + 1
    for (let number = Math.max(first, stored + 1); number <= ever; number++) {
      this.#insertMean.run(experiment, gate, number, newest[number - first] as number)
    }
    this.#trimMeans.run(experiment, gate, ever - BATCHES_KEPT)
  }

  #readMeans(experiment: string, { means }: ReadState): Record<string, GateMeans> {
    const select = this.#database.prepare(
      'SELECT mean FROM means WHERE experiment = ? AND gate = ? AND number > ? AND number <= ? ORDER BY number',
    )
    return Object.fromEntries(
      Object.entries(means).map(([gate, { ever, checksum }]) => {
        const newest = select.all(experiment, gate, ever - BATCHES_KEPT, ever).map(row => Number(row['mean']))
        if (numbersChecksum(newest) === checksum) return [gate, { newest, ever }]
        throw new DamagedError(`the means of ${experiment} are not as they were written`)
      }),
    )
  }
}

function numbersOf(means: Readonly<Record<string, GateMeans>>): Record<string, number> {
  return Object.fromEntries(Object.entries(means).map(([gate, { ever }]) => [gate, ever]))
}
