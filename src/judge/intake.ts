import type { ExperimentPlan } from '../config/snapshot.ts'
import { readWindow } from '../wire/read-window.ts'
import { looksDocument } from './kept-looks.ts'
import type { Judge } from './judge.ts'
import type { Ledger } from './ledger.ts'
import type { Store } from './store/store.ts'
import { WINDOWS_KEPT } from './window-archive.ts'

/** Experiments that no configuration has any more, beyond which the oldest are forgotten. */
export const ENDED_KEPT = 100
/** Old windows are looked for so often, in seconds of arrival time. */
const PRUNE_SECONDS = 60

/**
 * Where sealed windows come in. Each is counted once, judged, and stored with what it has changed, all of a report in one
 * transaction: a process that is killed goes on from its last report.
 */
export class Intake {
  readonly #ledger: Ledger
  readonly #judge: Judge
  /** null: everything is in memory only. */
  readonly #store: Store | null
  #current: ReadonlySet<string> = new Set()
  #prunedAt = 0

  /** Goes on with what the store has kept. */
  constructor(ledger: Ledger, judge: Judge, store: Store | null) {
    this.#ledger = ledger
    this.#judge = judge
    this.#store = store
    for (const { plan, ledger: entry, judge: kept } of store?.kept ?? []) {
      const waiting = store?.windows.after(plan.id, kept.judgedThrough) ?? []
      for (const window of waiting) if (window === null) ledger.ignore('corrupt')
      ledger.restore(plan.id, entry)
      judge.restore(
        plan,
        kept,
        waiting.filter(window => window !== null),
      )
    }
  }

  /** The configuration's experiments; of those it no longer has, the newest are kept. */
  apply(plans: readonly ExperimentPlan[]): void {
    this.#current = new Set(plans.map(({ id }) => id))
    for (const experiment of this.#judge.apply(plans)) this.#put(experiment)
    const ended = this.#judge.experiments().filter(experiment => !this.#current.has(experiment))
    const newestFirst = ended.sort((a, b) => this.#newestSecond(b) - this.#newestSecond(a))
    for (const experiment of newestFirst.slice(ENDED_KEPT)) this.#forget(experiment)
    this.#store?.commit()
  }

  /**
   * What the analysis thread, or another process, has sealed. `settledBefore`: all threads have sealed every second before
   * this one; 0 where that is not known. @returns the experiments that were looked at again.
   */
  take(windows: readonly unknown[], settledBefore = 0): string[] {
    const looked = new Set<string>()
    const touched = new Set<string>()
    for (const given of windows) {
      const window = readWindow(given)
      if (window === null) this.#ledger.ignore('corrupt')
      else if (this.#judge.plan(window.experiment) === null) this.#ledger.ignore('unknown_experiment')
      else if (this.#ledger.add(window)) {
        touched.add(window.experiment)
        if (this.#judge.add(window)) looked.add(window.experiment)
      }
    }
    for (const experiment of this.#judge.settle(settledBefore)) {
      touched.add(experiment)
      looked.add(experiment)
    }
    for (const experiment of touched) this.#put(experiment)
    this.#prune()
    this.#store?.commit()
    return [...looked]
  }

  #put(experiment: string): void {
    const plan = this.#judge.plan(experiment)
    const ledger = this.#ledger.entry(experiment)
    const judge = this.#judge.kept(experiment)
    if (plan === null || ledger === null || judge === null) return
    this.#store?.experiments.put({ plan, ledger, judge })
  }

  #forget(experiment: string): void {
    this.#judge.forget(experiment)
    this.#ledger.forget(experiment)
    this.#store?.experiments.forget(experiment)
    this.#store?.documents.set(looksDocument(experiment), undefined)
  }

  /** An hour of windows is kept: of an experiment in force the newest, of the others none that is older than that. */
  #prune(): void {
    const experiments = this.#ledger.experiments()
    const newest = Math.max(0, ...experiments.map(experiment => this.#newestSecond(experiment)))
    if (newest < this.#prunedAt + PRUNE_SECONDS) return
    this.#prunedAt = newest
    const cuts = experiments.map(experiment => {
      const judgedThrough = this.#judge.kept(experiment)?.judgedThrough ?? 0
      const until = this.#current.has(experiment) ? this.#newestSecond(experiment) : newest
      return { experiment, judgedThrough, through: Math.min(until - WINDOWS_KEPT, judgedThrough) }
    })
    this.#store?.windows.prune(cuts)
  }

  #newestSecond(experiment: string): number {
    return this.#ledger.newestSecond(experiment) ?? 0
  }
}
