import { closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DamagedError } from './experiments.ts'
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION, STATE_FILE } from './schema.ts'
import { StateError } from './state-error.ts'
import type { StoreLog } from './state-file.ts'

/** A file of another version of the proxy, or of another program. */
class OtherVersionError extends Error {}

/**
 * Opens `understudy.sqlite` in the directory, which is made when it is missing, for this process alone. `use` reads what
 * is needed of it. A file that is damaged or of another version is moved aside, and `use` gets a new one.
 * @throws StateError when another process has it, or when it cannot be written.
 */
export function openStateFile<Used>(
  dir: string,
  log: StoreLog,
  use: (database: DatabaseSync, path: string) => Used,
): Used {
  const path = join(dir, STATE_FILE)
  try {
    makeDirectory(dir)
    try {
      makeFile(path)
      return openOnce(path, use)
    } catch (error) {
      if (!isUnusable(error)) throw error
      moveAside(path, error, log)
      makeFile(path)
      return openOnce(path, use)
    }
  } catch (error) {
    throw explained(dir, path, error)
  }
}

/** With those above it. Node's own way never ends below /proc, which has no room for directories and does not say so. */
function makeDirectory(dir: string): void {
  if (existsSync(dir)) return
  if (dirname(dir) !== dir) makeDirectory(dirname(dir))
  mkdirSync(dir, { mode: 0o700 })
}

/** For this user alone. Its journal gets the same rights. */
function makeFile(path: string): void {
  // Never one that is there: to close a file of SQLite's takes away the locks that this process has on it.
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
}

function openOnce<Used>(path: string, use: (database: DatabaseSync, path: string) => Used): Used {
  const database = new DatabaseSync(path)
  try {
    // Before the first read: from then on no other process can read or write the file until this one has ended.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    if (pragma(database, 'page_count') === 0) create(database)
    else check(database)
    // A process that is killed loses nothing; a machine that loses power may lose the newest seconds, never the file.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304')
    // A file that may not be written is found out now.
    database.exec('BEGIN IMMEDIATE; COMMIT')
    return use(database, path)
  } catch (error) {
    database.close()
    throw error
  }
}

function create(database: DatabaseSync): void {
  database.exec('PRAGMA auto_vacuum = INCREMENTAL')
  const marks = `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION};`
  database.exec(`BEGIN EXCLUSIVE; ${SCHEMA} ${marks} COMMIT`)
}

function check(database: DatabaseSync): void {
  if (pragma(database, 'application_id') !== APPLICATION_ID) throw new OtherVersionError('it is of another program')
  const version = pragma(database, 'user_version')
  if (version !== SCHEMA_VERSION) {
    throw new OtherVersionError(`its format is version ${String(version)}, this is version ${SCHEMA_VERSION}`)
  }
  const found = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0]
  if (found !== 'ok') throw new DamagedError(String(found))
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
}

/** With its journal, so that what was in it can still be looked at. */
function moveAside(path: string, error: Error, log: StoreLog): void {
  const why = error instanceof OtherVersionError ? 'other-version' : 'damaged'
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  let aside = `${path}.${why}-${stamp}`
  for (let i = 2; existsSync(aside); i++) aside = `${path}.${why}-${stamp}-${i}`
  for (const suffix of ['', '-wal', '-journal']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
  }
  log('error', 'the state file cannot be used: it was moved aside, and all experiments begin anew', {
    file: path,
    movedTo: aside,
    reason: error.message,
  })
}

const SQLITE_ERROR = 1
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

function sqliteCode(error: unknown): number | null {
  // The lower byte is the kind of error, the rest its variety.
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : null
}

/** Not what this version has written: a table that is missing counts as well. */
function isUnusable(error: unknown): error is Error {
  if (error instanceof OtherVersionError || error instanceof DamagedError) return true
  const code = sqliteCode(error)
  return code === SQLITE_ERROR || code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}

function explained(dir: string, path: string, error: unknown): unknown {
  if (sqliteCode(error) === SQLITE_BUSY) {
    return new StateError(
      `${path} is in use by another process`,
      'stop that process, or give each proxy a directory of its own',
    )
  }
  if (!(error instanceof Error) || !('code' in error)) return error
  return new StateError(
    `the directory ${dir} cannot be used: ${error.message}`,
    'name a directory that this user may write to',
  )
}
