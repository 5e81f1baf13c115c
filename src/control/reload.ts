import { certificateWarnings } from '../config/certificate-warnings.ts'
import { describeChanges, restartNeeded } from '../config/diff.ts'
import { loadSnapshot } from '../config/load.ts'
import { ConfigError, formatProblem } from '../config/problems.ts'
import type { Snapshot } from '../config/snapshot.ts'
import type { Log } from './log.ts'
import { recordChange, UNDERSTUDY } from './record-change.ts'
import type { ControlState } from './state.ts'
import type { Supervisor } from './supervisor.ts'

/** What became of a new configuration; `revision` is the one in force now. */
export type ReloadResult =
  | { readonly result: 'applied'; readonly revision: number; readonly changes: readonly string[] }
  | { readonly result: 'unchanged'; readonly revision: number }
  | { readonly result: 'refused'; readonly revision: number; readonly problems: readonly string[] }

/**
 * Everything that puts another snapshot in force: the file read again, or the percentages that rollouts want. One at a
 * time, whole or not at all; what runs stays when something is wrong.
 */
export class Reloader {
  readonly #state: ControlState
  readonly #supervisor: Supervisor
  readonly #log: Log
  readonly #cores: number
  readonly #keepLogLevel: boolean
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    state: ControlState,
    supervisor: Supervisor,
    log: Log,
    options: { cores: number; keepLogLevel: boolean },
  ) {
    this.#state = state
    this.#supervisor = supervisor
    this.#log = log
    this.#cores = options.cores
    this.#keepLogLevel = options.keepLogLevel
  }

  /** Reads the file again. `why` is for the log. */
  reload(why: string): Promise<ReloadResult> {
    return this.#inTurn(() => this.#reload(why))
  }

  /** Puts in force what the rollouts want when it is this call's turn. `why` is for the log. */
  applyPercents(why: string): Promise<ReloadResult> {
    return this.#inTurn(() => this.#applyPercents(why))
  }

  async #reload(why: string): Promise<ReloadResult> {
    const before = this.#state.snapshot
    if (this.#state.draining) return this.#refuse(why, ['the process is shutting down'])
    try {
      const revision = before.revision + 1
      const loaded = loadSnapshot(before.source, { revision, env: process.env, cores: this.#cores })
      const problems = restartNeeded(before, loaded)
      if (problems.length > 0) return this.#refuse(why, problems)
      for (const { path, message } of certificateWarnings(loaded, Date.now())) this.#log.warn(message, { path })
      const { snapshot: after, restarts } = this.#state.rollouts.configure(loaded)
      const changed = describeChanges(before, after)
      if (after.hash === before.hash && changed.length === 0) {
        this.#state.lastFailure = null
        this.#log.info('configuration unchanged', { why, revision: before.revision })
        return { result: 'unchanged', revision: before.revision }
      }
      const changes = [...changed, ...this.#state.rollouts.keptAgainst(loaded)]
      await this.#apply(why, after, changes)
      for (const restart of restarts) recordChange(this.#state, this.#log, { ...restart, actor: UNDERSTUDY }, revision)
      this.#state.lastFailure = null
      return { result: 'applied', revision, changes }
    } catch (error) {
      return this.#refuse(why, describe(error))
    }
  }

  async #applyPercents(why: string): Promise<ReloadResult> {
    const before = this.#state.snapshot
    const after = this.#state.rollouts.inForce({ ...before, revision: before.revision + 1 })
    const changes = describeChanges(before, after)
    if (changes.length === 0) return { result: 'unchanged', revision: before.revision }
    if (this.#state.draining) {
      return { result: 'refused', revision: before.revision, problems: ['the process is shutting down'] }
    }
    await this.#apply(why, after, changes)
    return { result: 'applied', revision: after.revision, changes }
  }

  async #apply(why: string, after: Snapshot, changes: readonly string[]): Promise<void> {
    await this.#supervisor.apply(after)
    if (!this.#keepLogLevel) this.#log.setLevel(after.log.level)
    this.#state.loadedAt = new Date().toISOString()
    this.#state.onApplied()
    const { revision, hash } = after
    this.#state.events.publish('config', { revision, hash, changes })
    this.#log.info('configuration applied', { why, revision, hash, changes: changes.join('; ') })
  }

  #refuse(why: string, problems: readonly string[]): ReloadResult {
    const { revision } = this.#state.snapshot
    this.#state.reloadFailures++
    this.#state.lastFailure = { at: new Date().toISOString(), problems }
    this.#log.error('configuration refused, the last good one stays', { why, revision, problems: problems.join('\n') })
    return { result: 'refused', revision, problems }
  }

  #inTurn(job: () => Promise<ReloadResult>): Promise<ReloadResult> {
    const next = this.#last.then(job)
    // A failed job must not stop those behind it; its own caller hears of it.
    this.#last = next.catch(() => {})
    return next
  }
}

function describe(error: unknown): string[] {
  if (error instanceof ConfigError) return error.problems.map(formatProblem)
  return [error instanceof Error ? error.message : String(error)]
}
