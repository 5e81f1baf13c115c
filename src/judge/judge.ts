import type { ExperimentPlan } from '../config/snapshot.ts'
import type { SealedWindow } from '../wire/window.ts'
import { ExperimentJudge, type Look } from './experiment-judge.ts'

/**
 * Threads seal their seconds at different moments. So much later all of them have sealed one, unless an exchange of it is
 * still under way, and then its thread's windows come late and are judged in the next second that is complete.
 */
const SETTLE_SECONDS = 2

interface Entry {
  readonly judge: ExperimentJudge
  /** Windows that wait for those of the other threads, by second. */
  readonly waiting: Map<number, SealedWindow[]>
  newestSecond: number
}

/** All experiments with their judges. Evidence is never carried from one experiment to another. */
export class Judge {
  readonly #entries = new Map<string, Entry>()

  /** The configuration's candidates; those it no longer has keep their verdicts. */
  apply(plans: readonly ExperimentPlan[]): void {
    for (const plan of plans) {
      if (plan.role === 'control' || this.#entries.has(plan.id)) continue
      this.#entries.set(plan.id, { judge: new ExperimentJudge(plan), waiting: new Map(), newestSecond: 0 })
    }
  }

  /** A sealed window that the ledger has not seen before. @returns whether there was a new look at its experiment. */
  add(window: SealedWindow): boolean {
    const entry = this.#entries.get(window.experiment)
    if (entry === undefined) return false
    const waiting = entry.waiting.get(window.second)
    if (waiting === undefined) entry.waiting.set(window.second, [window])
    else waiting.push(window)
    entry.newestSecond = Math.max(entry.newestSecond, window.second)
    return this.#settle(entry, entry.newestSecond - SETTLE_SECONDS)
  }

  /** No more windows will come: what waits is judged as well. */
  finish(): void {
    for (const entry of this.#entries.values()) this.#settle(entry, Number.POSITIVE_INFINITY)
  }

  look(experiment: string): Look | null {
    return this.#entries.get(experiment)?.judge.look ?? null
  }

  #settle({ judge, waiting }: Entry, upTo: number): boolean {
    const settled = [...waiting.keys()].filter(second => second <= upTo).sort((a, b) => a - b)
    for (const second of settled) {
      judge.take(second, waiting.get(second) as SealedWindow[])
      waiting.delete(second)
    }
    return settled.length > 0
  }
}
