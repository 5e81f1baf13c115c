import type { DatabaseSync } from 'node:sqlite'

export type StoreLog = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, string | number>>,
) => void

/** Something that waits to be written. */
export interface Part {
  /** Within a transaction, which may still fail. */
  write(): void
  /** The transaction has been committed. */
  written(): void
}

/**
 * The open file. Nothing here throws: the proxy serves on when its disk does not, and what could not be written waits for
 * the next transaction. States: `fine`, `failing` since the last write or read, `closed`.
 */
export class StateFile {
  readonly path: string
  readonly #database: DatabaseSync
  readonly #log: StoreLog
  #state: 'fine' | 'failing' | 'closed' = 'fine'
  #writeFailures = 0

  constructor(path: string, database: DatabaseSync, log: StoreLog) {
    this.path = path
    this.#database = database
    this.#log = log
  }

  /** Transactions that failed, since the process started. */
  get writeFailures(): number {
    return this.#writeFailures
  }

  /** All parts in one transaction, or none. */
  write(parts: readonly Part[]): void {
    if (this.#state === 'closed') return
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      for (const part of parts) part.write()
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#writeFailures++
      this.#rollback()
      this.#failed(error)
      return
    }
    for (const part of parts) part.written()
    if (this.#state === 'failing') this.#log('info', 'the state is written again', { file: this.path })
    this.#state = 'fine'
  }

  /** What `read` gives; `otherwise` when the file cannot be read. */
  read<Value>(read: () => Value, otherwise: Value): Value {
    if (this.#state === 'closed') return otherwise
    try {
      return read()
    } catch (error) {
      this.#failed(error)
      return otherwise
    }
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    try {
      this.#database.close()
    } catch (error) {
      this.#log('warn', 'the state file could not be closed', { file: this.path, error: String(error) })
    }
  }

  #rollback(): void {
    try {
      // A full disk has ended the transaction by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    } catch {
      // The failure before it is the one to tell; the next transaction begins anew.
    }
  }

  #failed(error: unknown): void {
    if (this.#state === 'failing') return
    this.#state = 'failing'
    this.#log('error', 'the state cannot be stored; it is kept in memory and tried again every second', {
      file: this.path,
      error: error instanceof Error ? error.message : String(error),
    })
  }
}
