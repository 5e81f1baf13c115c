import type { Snapshot } from '../config/snapshot.ts'
import type { Store } from '../judge/store/store.ts'
import type { Log } from './log.ts'

/** Opens what `state.dir` names. @throws StateError when that cannot be used. */
export async function openStore(snapshot: Snapshot, log: Log): Promise<Store | null> {
  const { dir } = snapshot.state
  if (dir === null) {
    log.info('the state is in memory only: a restart begins all experiments anew; state.dir names a place for it', {})
    return null
  }
  // Loaded where it is asked for: older releases of Node.js 24 warn of SQLite on stderr, and not all need it.
  const { Store } = await import('../judge/store/store.ts')
  const store = Store.open(dir, (level, message, fields) => log[level](message, fields))
  log.info('state restored', { file: store.path, experiments: store.kept.length })
  warnOfClock(store, log)
  return store
}

/** Seconds of arrival never go back within a process; between two of them the clock of the machine may have. */
function warnOfClock(store: Store, log: Log): void {
  const newest = Math.max(0, ...store.kept.map(({ ledger }) => ledger.newestSecond))
  const behindSeconds = newest - Math.floor(Date.now() / 1e3)
  if (behindSeconds <= 0) return
  log.warn('the clock is behind the stored state: until it has caught up, the age of experiments stands still', {
    behindSeconds,
    file: store.path,
  })
}
