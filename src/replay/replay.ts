import type { ExperimentPlan } from '../config/snapshot.ts'
import type { SinkLog } from '../sinks/sink.ts'
import { ExperimentReplay } from './experiment-replay.ts'
import { readRecord } from './read-record.ts'

export interface ReplayOptions {
  /** The experiments of the routing file. */
  readonly plans: readonly ExperimentPlan[]
  /** Id of a recorded experiment, or its route and candidate; null: the records hold only one that can be meant. */
  readonly wanted: string | null
  /** Told of comparisons that fail. */
  readonly log: SinkLog
}

/** What was read beside the evidence. */
export interface Leftovers {
  readonly lines: number
  readonly damaged: number
  /** Of other kinds: no pair of a shadow, no window. */
  readonly otherRecords: number
  /** Records of experiments that are not judged, by experiment. */
  readonly otherExperiments: Readonly<Record<string, number>>
}

/** There is nothing to judge, or no telling what: the message says what to do. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError'
}

/** Takes records in any order and gives the one experiment that is to be judged. */
export class Replay {
  readonly #options: ReplayOptions
  /** By recorded experiment; null: no plan of the file is for it, or another one is wanted. */
  readonly #experiments = new Map<string, ExperimentReplay | null>()
  readonly #records = new Map<string, number>()
  #lines = 0
  #damaged = 0
  #otherRecords = 0

  constructor(options: ReplayOptions) {
    // A control is the primary against itself: its windows are among the records, and nobody judges it.
    this.#options = { ...options, plans: options.plans.filter(({ role }) => role === 'candidate') }
  }

  /** One line of a file or one message of a topic. An empty one is nothing. */
  take(text: string): void {
    if (text === '' || text === '\r') return
    this.#lines++
    const record = readRecord(text)
    switch (record.kind) {
      case 'window':
        return this.#experiment(record.window.experiment)?.addWindow(record.window)
      case 'pair':
        return this.#experiment(record.pair.experiment)?.addPair(record.pair)
      case 'other':
        this.#otherRecords++
        return
      case 'damaged':
        this.#damaged++
    }
  }

  /** A line that nobody could hold. */
  takeTooLong(): void {
    this.#lines++
    this.#damaged++
  }

  /** @throws ReplayError when no experiment can be judged, or several could be meant. */
  choose(): { readonly experiment: ExperimentReplay; readonly leftovers: Leftovers } {
    const experiment = this.#chosen()
    const others = [...this.#records].filter(([id]) => id !== experiment.recorded)
    return {
      experiment,
      leftovers: {
        lines: this.#lines,
        damaged: this.#damaged,
        otherRecords: this.#otherRecords,
        otherExperiments: Object.fromEntries(others),
      },
    }
  }

  #experiment(recorded: string): ExperimentReplay | null {
    this.#records.set(recorded, (this.#records.get(recorded) ?? 0) + 1)
    let experiment = this.#experiments.get(recorded)
    if (experiment === undefined) this.#experiments.set(recorded, (experiment = this.#start(recorded)))
    return experiment
  }

  #start(recorded: string): ExperimentReplay | null {
    const { plans, wanted, log } = this.#options
    if (wanted !== null && wanted !== recorded && wanted !== familyOf(recorded)) return null
    const plan = plans.find(({ id }) => id === recorded) ?? plans.find(({ id }) => familyOf(id) === familyOf(recorded))
    return plan === undefined ? null : new ExperimentReplay(recorded, plan, log)
  }

  #chosen(): ExperimentReplay {
    const found = [...this.#experiments.values()].filter(each => each !== null)
    const [first] = found
    if (first === undefined) throw new ReplayError(this.#nothingFound())
    const isOneFamily = found.every(({ recorded }) => familyOf(recorded) === familyOf(first.recorded))
    const current = isOneFamily ? found.find(({ recorded, plan }) => recorded === plan.id) : undefined
    if (current !== undefined || found.length === 1) return current ?? first
    const ids = found.map(({ recorded }) => recorded).join(', ')
    throw new ReplayError(`the records hold several experiments: ${ids}; say which with --experiment`)
  }

  #nothingFound(): string {
    const { plans, wanted } = this.#options
    if (this.#records.size === 0) {
      const read = this.#lines === 0 ? 'they are empty' : `${this.#lines} lines were read, ${this.#damaged} damaged`
      return `no pair or window in the records: ${read}`
    }
    const held = `the records are of ${[...this.#records.keys()].join(', ')}`
    const isHeld = [...this.#records.keys()].some(id => id === wanted || familyOf(id) === wanted)
    if (wanted !== null && !isHeld) return `no records of ${wanted}: ${held}`
    const known = plans.length === 0 ? 'none' : [...new Set(plans.map(({ id }) => familyOf(id)))].join(', ')
    return `${held}, and the routing file has no such route with such a shadow; it has ${known}`
  }
}

/** `{route}.{candidate}` of an experiment id. */
function familyOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('.')))
}
