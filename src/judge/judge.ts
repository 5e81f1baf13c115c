import type { ExperimentPlan } from '../config/snapshot.ts'
import type { SealedWindow } from '../wire/window.ts'
import { ExperimentJudge, type KeptEvidence, type Look } from './experiment-judge.ts'
import type { LookHistory, LookHistoryState } from './look-history.ts'
import { sameSettings } from './same-settings.ts'

/**
 * Threads seal their seconds at different moments. A second is judged when all of them are known to have sealed it, or so
 * much later, when all have unless an exchange of it is
 * still under way, and then its thread's windows come late and are judged in the next second that is complete.
 */
const SETTLE_SECONDS = 2

interface Entry {
  readonly judge: ExperimentJudge
  /** Windows that wait for those of the other threads, by second; all of them later than `judgedThrough`. */
  readonly waiting: Map<number, SealedWindow[]>
  /** Windows up to this second are judged at once, seconds since the epoch. */
  judgedThrough: number
}

/** What the judge of an experiment needs to go on after a restart, beside the windows that waited. */
export interface KeptJudge extends KeptEvidence {
  readonly judgedThrough: number
}

/** All experiments with their judges. Evidence is never carried from one experiment to another. */
export class Judge {
  readonly #entries = new Map<string, Entry>()

  /**
   * The configuration's experiments; those it no longer has keep their verdicts. @returns the experiments whose id now
   * stands for other settings, and whose evidence is invalid for that.
   */
  apply(plans: readonly ExperimentPlan[]): string[] {
    return plans.filter(plan => !this.#apply(plan)).map(({ id }) => id)
  }

  /** Goes on with what was kept, before `apply`; `waiting` are the windows later than `judgedThrough`. */
  restore(plan: ExperimentPlan, { judgedThrough, ...kept }: KeptJudge, waiting: readonly SealedWindow[]): void {
    const entry = { judge: new ExperimentJudge(plan, kept), waiting: new Map(), judgedThrough }
    this.#entries.set(plan.id, entry)
    for (const window of waiting) wait(entry, window)
  }

  /** A sealed window that the ledger has not seen before. @returns whether there was a new look at its experiment. */
  add(window: SealedWindow): boolean {
    const entry = this.#entries.get(window.experiment)
    if (entry === undefined) return false
    wait(entry, window)
    return this.#settle(entry, Math.max(entry.judgedThrough, window.second - SETTLE_SECONDS))
  }

  /** Every thread has sealed all seconds before this one. @returns the experiments that were looked at again. */
  settle(settledBefore: number): string[] {
    const looked: string[] = []
    for (const [experiment, entry] of this.#entries) {
      if (entry.waiting.size > 0 && this.#settle(entry, settledBefore - 1)) looked.push(experiment)
    }
    return looked
  }

  /** No more windows will come: what waits is judged as well. */
  finish(): void {
    for (const entry of this.#entries.values()) this.#settle(entry, Math.max(0, ...entry.waiting.keys()))
  }

  /** null: nobody judges it, a control for example, which nobody wants to promote. */
  look(experiment: string): Look | null {
    const judge = this.#entries.get(experiment)?.judge
    return judge === undefined || judge.plan.role === 'control' ? null : judge.look
  }

  /** The looks so far, thinned; null: nobody judges it. */
  history(experiment: string): LookHistory | null {
    return this.#entries.get(experiment)?.judge.history ?? null
  }

  /** Goes on with the looks of an earlier process. */
  restoreHistory(experiment: string, state: LookHistoryState): void {
    this.#entries.get(experiment)?.judge.restoreHistory(state)
  }

  /** What is judged; also of an experiment that the configuration no longer has. */
  plan(experiment: string): ExperimentPlan | null {
    return this.#entries.get(experiment)?.judge.plan ?? null
  }

  /** All that have a judge, in the order they appeared. */
  experiments(): string[] {
    return [...this.#entries.keys()]
  }

  /** The first second that each has seen, since the epoch; not of those that have seen none. */
  firstSeconds(): Record<string, number> {
    const seconds: Record<string, number> = {}
    for (const [experiment, { judge }] of this.#entries) {
      const { firstSecond } = judge.look
      if (firstSecond !== null) seconds[experiment] = firstSecond
    }
    return seconds
  }

  /** What a restart needs, to be read at once: the counts go on. */
  kept(experiment: string): KeptJudge | null {
    const entry = this.#entries.get(experiment)
    return entry === undefined ? null : { ...entry.judge.kept, judgedThrough: entry.judgedThrough }
  }

  /** As if the experiment had never been. */
  forget(experiment: string): void {
    this.#entries.delete(experiment)
  }

  /** false: the experiment has been judged by other settings so far. */
  #apply(plan: ExperimentPlan): boolean {
    const judge = this.#entries.get(plan.id)?.judge
    if (judge === undefined) {
      this.#entries.set(plan.id, { judge: new ExperimentJudge(plan), waiting: new Map(), judgedThrough: 0 })
      return true
    }
    if (sameSettings(judge.plan, plan)) return true
    judge.changeSettings()
    return false
  }

  #settle(entry: Entry, upTo: number): boolean {
    const { judge, waiting } = entry
    const settled = [...waiting.keys()].filter(second => second <= upTo).sort((a, b) => a - b)
    for (const second of settled) {
      judge.take(second, waiting.get(second) as SealedWindow[])
      waiting.delete(second)
    }
    entry.judgedThrough = Math.max(entry.judgedThrough, upTo)
    return settled.length > 0
  }
}

function wait({ waiting }: Entry, window: SealedWindow): void {
  const sameSecond = waiting.get(window.second)
  if (sameSecond === undefined) waiting.set(window.second, [window])
  else sameSecond.push(window)
}
