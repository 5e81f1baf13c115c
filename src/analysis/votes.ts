import { hash } from 'node:crypto'
import type { ExperimentPlan } from '../config/snapshot.ts'
import type { ArmRequest } from '../wire/arm-votes.ts'
import { FirstVotes } from './first-votes.ts'

interface Voted {
  readonly units: FirstVotes<string>
  readonly keys: FirstVotes<number>
}

/** Apart, because the warm-up is not judged, and because the end of it comes late from some threads. */
interface Votings {
  readonly warmUp: Voted
  readonly judged: Voted
}

/**
 * One vote a unit and experiment, for pairs and for clients, and one more in the warm-up. All threads' requests come here, so
 * it is exact. The warm-up of an experiment is the judge's: from the first second that has counts, also where an earlier
 * thread or process had them.
 */
export class Votes {
  readonly #voted = new Map<string, Votings>()
  /** Since the epoch, by experiment. */
  readonly #firstSeconds: Map<string, number>

  /** `firstSeconds`: of experiments that were counted before there was this thread, since the epoch. */
  constructor(firstSeconds: Readonly<Record<string, number>> = {}) {
    this.#firstSeconds = new Map(Object.entries(firstSeconds))
  }

  /** There are counts of the experiment in this second, with units and keys or without. */
  counted(experiment: string, second: number): void {
    if (second < (this.#firstSeconds.get(experiment) ?? Infinity)) this.#firstSeconds.set(experiment, second)
  }

  /** `unit` empty: a pair that votes for itself. */
  isRepeatedPair(plan: ExperimentPlan, unit: string, second: number): boolean {
    return unit !== '' && !this.#at(plan, second).units.isFirst(shortened(unit))
  }

  /** For the requests of one second. */
  clients(plan: ExperimentPlan, second: number): (request: ArmRequest) => boolean {
    const { keys } = this.#at(plan, second)
    return ({ key }) => key === null || keys.isFirst(key)
  }

  /** Units and keys that may vote again because there were too many to remember. */
  forgotten(experiment: string): number {
    const judged = this.#voted.get(experiment)?.judged
    return judged === undefined ? 0 : judged.units.forgotten + judged.keys.forgotten
  }

  /** The experiment has ended. Should it come back, its warm-up stays over: the judge goes on with what it had. */
  delete(experiment: string): void {
    this.#voted.delete(experiment)
  }

  #at({ id, verdict }: ExperimentPlan, second: number): Voted {
    this.counted(id, second)
    let votings = this.#voted.get(id)
    if (votings === undefined) this.#voted.set(id, (votings = { warmUp: nobody(), judged: nobody() }))
    const seconds = second - (this.#firstSeconds.get(id) as number)
    return seconds * 1e3 >= verdict.warmUpMs ? votings.judged : votings.warmUp
  }
}

function nobody(): Voted {
  return { units: new FirstVotes(), keys: new FirstVotes() }
}

/**
 * A unit is whatever a client sends, up to the size of all headers, and 200 000 of them are remembered. As part of the texts
 * of a frame even a short one kept 600 bytes alive, measured with a path of 500; this takes 0.5 us.
 */
function shortened(unit: string): string {
  return hash('sha256', unit, 'base64')
}
