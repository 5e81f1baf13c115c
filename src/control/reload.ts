import { ConfigError } from '../config/problems.ts'
import { describeChanges, restartNeeded } from '../config/diff.ts'
import { loadSnapshot } from '../config/load.ts'
import type { Log } from './log.ts'
import type { ControlState } from './state.ts'
import type { Supervisor } from './supervisor.ts'

export type ReloadResult =
  | { readonly result: 'applied'; readonly revision: number; readonly changes: readonly string[] }
  | { readonly result: 'unchanged'; readonly revision: number }
  | { readonly result: 'refused'; readonly revision: number; readonly problems: readonly string[] }

/** Reads the file again and applies it whole, or keeps what runs. One at a time; the reason is for the log. */
export class Reloader {
  readonly #state: ControlState
  readonly #supervisor: Supervisor
  readonly #log: Log
  readonly #load: (revision: number) => ReturnType<typeof loadSnapshot>
  #last: Promise<unknown> = Promise.resolve()

  constructor(state: ControlState, supervisor: Supervisor, log: Log, cores: number) {
    this.#state = state
    this.#supervisor = supervisor
    this.#log = log
    this.#load = revision => loadSnapshot(state.snapshot.source, { revision, env: process.env, cores })
  }

  reload(why: string): Promise<ReloadResult> {
    const next = this.#last.then(() => this.#reload(why))
    this.#last = next
    return next
  }

  async #reload(why: string): Promise<ReloadResult> {
    const before = this.#state.snapshot
    if (this.#state.draining) return this.#refuse(why, ['the process is shutting down'])
    try {
      const after = this.#load(before.revision + 1)
      if (after.hash === before.hash) {
        this.#state.lastFailure = null
        this.#log.info('configuration unchanged', { why, revision: before.revision })
        return { result: 'unchanged', revision: before.revision }
      }
      const problems = restartNeeded(before, after)
      if (problems.length > 0) return this.#refuse(why, problems)
      const changes = describeChanges(before, after)
      await this.#supervisor.apply(after)
      this.#log.setLevel(after.log.level)
      this.#state.loadedAt = new Date().toISOString()
      this.#state.lastFailure = null
      this.#log.info('configuration applied', {
        why,
        revision: after.revision,
        hash: after.hash,
        changes: changes.join('; '),
      })
      return { result: 'applied', revision: after.revision, changes }
    } catch (error) {
      return this.#refuse(why, describe(error))
    }
  }

  #refuse(why: string, problems: readonly string[]): ReloadResult {
    const { revision } = this.#state.snapshot
    this.#state.reloadFailures++
    this.#state.lastFailure = { at: new Date().toISOString(), problems }
    this.#log.error('configuration refused, the last good one stays', { why, revision, problems: problems.join('\n') })
    return { result: 'refused', revision, problems }
  }
}

function describe(error: unknown): string[] {
  if (error instanceof ConfigError) return error.format().split('\n')
  return [error instanceof Error ? error.message : String(error)]
}
