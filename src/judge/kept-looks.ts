import type { Documents } from './documents.ts'
import type { Judge } from './judge.ts'
import { LOOKS_KEPT, type LookHistoryState } from './look-history.ts'

/** Seconds of arrival time. A history is some 100 kB: written with every look it would be most of what is written. */
const SAVE_SECONDS = 60

/** Histories of looks as documents, so that a report after a restart shows the whole experiment but its last minute. */
export class KeptLooks {
  readonly #documents: Documents
  readonly #judge: Judge
  /** Experiment > second of the newest look that was saved. */
  readonly #saved = new Map<string, number>()

  /** Gives the judge back what was kept of its experiments. */
  constructor(documents: Documents, judge: Judge) {
    this.#documents = documents
    this.#judge = judge
    for (const experiment of judge.experiments()) {
      const state = documents.get(looksDocument(experiment))
      if (isHistory(state)) judge.restoreHistory(experiment, state)
    }
  }

  /** There was a new look at the experiment. */
  looked(experiment: string): void {
    const second = this.#judge.look(experiment)?.second ?? 0
    const saved = this.#saved.get(experiment)
    if (saved === undefined) this.#saved.set(experiment, second)
    else if (second >= saved + SAVE_SECONDS) this.#save(experiment, second)
  }

  /** Before the process ends. */
  saveAll(): void {
    for (const experiment of this.#saved.keys()) this.#save(experiment, this.#judge.look(experiment)?.second ?? 0)
  }

  #save(experiment: string, second: number): void {
    this.#saved.set(experiment, second)
    const history = this.#judge.history(experiment)
    if (history !== null) this.#documents.set(looksDocument(experiment), history.toJSON())
  }
}

/** The name of the document with the looks at an experiment. */
export function looksDocument(experiment: string): string {
  return `looks/${experiment}`
}

/** Documents are checked against damage; this is for one of another version. */
function isHistory(value: unknown): value is LookHistoryState {
  if (typeof value !== 'object' || value === null) return false
  const { slotSeconds, points } = value as Record<string, unknown>
  if (!Number.isSafeInteger(slotSeconds) || (slotSeconds as number) < 1) return false
  return Array.isArray(points) && points.length <= LOOKS_KEPT && points.every(isPoint)
}

function isPoint(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { second, verdict, gates } = value as Record<string, unknown>
  return Number.isSafeInteger(second) && typeof verdict === 'string' && Array.isArray(gates)
}
