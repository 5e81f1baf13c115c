import type { DatabaseSync } from 'node:sqlite'
import { SqliteAudit } from './audit.ts'
import { SqliteDocuments } from './documents.ts'
import { SqliteExperiments } from './experiments.ts'
import type { KeptExperiment } from './kept-experiment.ts'
import { openStateFile } from './open.ts'
import { StateFile, type StoreLog } from './state-file.ts'
import { SqliteWindows } from './windows.ts'

/** What a restart does not forget: one SQLite file of this process alone. */
export class Store {
  readonly windows: SqliteWindows
  readonly experiments: SqliteExperiments
  readonly documents: SqliteDocuments
  readonly audit: SqliteAudit
  /** The experiments as they were in the file when it was opened. */
  readonly kept: readonly KeptExperiment[]
  readonly #file: StateFile

  /** @throws StateError when the directory cannot be used, or another process uses it. */
  static open(dir: string, log: StoreLog): Store {
    return openStateFile(dir, log, (database, path) => new Store(database, path, log))
  }

  private constructor(database: DatabaseSync, path: string, log: StoreLog) {
    this.#file = new StateFile(path, database, log)
    const commit = (): void => this.commit()
    this.windows = new SqliteWindows(database, this.#file)
    this.experiments = new SqliteExperiments(database)
    this.documents = new SqliteDocuments(database, this.#file, commit)
    this.audit = new SqliteAudit(database, this.#file, commit)
    this.kept = this.experiments.read()
  }

  get path(): string {
    return this.#file.path
  }

  /** Transactions that failed, since the process started. */
  get writeFailures(): number {
    return this.#file.writeFailures
  }

  /** Writes all that waits in one transaction. Never throws: what fails waits for the next one, and is counted. */
  commit(): void {
    this.#file.write([this.windows, this.experiments, this.documents, this.audit])
  }

  close(): void {
    this.commit()
    this.#file.close()
  }
}
