import { describeChanges, restartNeeded } from '../config/diff.ts'
import { loadSnapshot } from '../config/load.ts'
import { ConfigError } from '../config/problems.ts'
import type { Snapshot } from '../config/snapshot.ts'
import type { Log } from './log.ts'
import type { ControlState } from './state.ts'
import type { Supervisor } from './supervisor.ts'

export type ReloadResult =
  | { readonly result: 'applied'; readonly revision: number; readonly changes: readonly string[] }
  | { readonly result: 'unchanged'; readonly revision: number }
  | { readonly result: 'refused'; readonly revision: number; readonly problems: readonly string[] }

export interface CanaryChange {
  readonly route: string
  readonly percent: number
  readonly actor: string
  readonly reason: string
}

/**
 * Everything that puts another snapshot in force: the file read again, or a percentage set by hand. One at a time, whole or
 * not at all; what runs stays when something is wrong.
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

  /** Sets the canary's percentage on a route that has a canary; kept across reloads, written to the audit log. */
  setCanary(change: CanaryChange): Promise<ReloadResult> {
    return this.#inTurn(() => this.#setCanary(change))
  }

  async #reload(why: string): Promise<ReloadResult> {
    const before = this.#state.snapshot
    if (this.#state.draining) return this.#refuse(why, ['the process is shutting down'])
    try {
      const revision = before.revision + 1
      const after = withPercents(
        loadSnapshot(before.source, { revision, env: process.env, cores: this.#cores }),
        this.#state.canaryPercents,
      )
      const problems = restartNeeded(before, after)
      if (problems.length > 0) return this.#refuse(why, problems)
      const changes = describeChanges(before, after)
      if (after.hash === before.hash && changes.length === 0) {
        this.#state.lastFailure = null
        this.#log.info('configuration unchanged', { why, revision: before.revision })
        return { result: 'unchanged', revision: before.revision }
      }
      await this.#apply(why, after, changes)
      this.#state.lastFailure = null
      return { result: 'applied', revision, changes }
    } catch (error) {
      return this.#refuse(why, describe(error))
    }
  }

  async #setCanary({ route, percent, actor, reason }: CanaryChange): Promise<ReloadResult> {
    const before = this.#state.snapshot
    const canary = before.routes.find(each => each.name === route)?.canary ?? null
    if (canary === null) {
      return { result: 'refused', revision: before.revision, problems: [`route ${route} has no canary`] }
    }
    if (this.#state.draining) {
      return { result: 'refused', revision: before.revision, problems: ['the process is shutting down'] }
    }
    const percents = new Map(this.#state.canaryPercents).set(route, percent)
    const after = withPercents({ ...before, revision: before.revision + 1 }, percents)
    await this.#apply(`set by ${actor}: ${reason}`, after, describeChanges(before, after))
    this.#state.canaryPercents.set(route, percent)
    const { revision } = after
    const entry = {
      at: new Date().toISOString(),
      route,
      actor,
      reason,
      before: canary.percent,
      after: percent,
      revision,
    }
    this.#state.audit.add({ action: 'canary_percent', ...entry })
    this.#log.warn('canary percentage set by hand', entry)
    return { result: 'applied', revision, changes: describeChanges(before, after) }
  }

  async #apply(why: string, after: Snapshot, changes: readonly string[]): Promise<void> {
    await this.#supervisor.apply(after)
    if (!this.#keepLogLevel) this.#log.setLevel(after.log.level)
    this.#state.loadedAt = new Date().toISOString()
    this.#state.onApplied()
    const { revision, hash } = after
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

function withPercents(snapshot: Snapshot, percents: ReadonlyMap<string, number>): Snapshot {
  const routes = snapshot.routes.map(route => {
    const percent = percents.get(route.name)
    return route.canary === null || percent === undefined ? route : { ...route, canary: { ...route.canary, percent } }
  })
  return { ...snapshot, routes }
}

function describe(error: unknown): string[] {
  if (error instanceof ConfigError) return error.format().split('\n')
  return [error instanceof Error ? error.message : String(error)]
}
