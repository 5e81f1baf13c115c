import type { ExperimentPlan } from '../config/snapshot.ts'
import type { ArmRequest } from '../wire/arm-votes.ts'
import { FirstVotes } from './first-votes.ts'

interface Voted {
  readonly units: FirstVotes<string>
  readonly keys: FirstVotes<number>
}

/** One vote a unit and experiment, for pairs and for clients. All threads' requests come here, so it is exact. */
export class Votes {
  readonly #voted = new Map<string, Voted>()

  /** `unit` empty: a pair that votes for itself. */
  isRepeatedPair(plan: ExperimentPlan, unit: string, second: number): boolean {
    return unit !== '' && !this.#of(plan).units.isFirst(unit, second)
  }

  /** For the requests of one second. */
  clients(plan: ExperimentPlan, second: number): (request: ArmRequest) => boolean {
    const { keys } = this.#of(plan)
    return ({ key }) => key === null || keys.isFirst(key, second)
  }

  /** Units and keys that may vote again because there were too many to remember. */
  forgotten(experiment: string): number {
    const voted = this.#voted.get(experiment)
    return voted === undefined ? 0 : voted.units.forgotten + voted.keys.forgotten
  }

  /** The experiment has ended. */
  delete(experiment: string): void {
    this.#voted.delete(experiment)
  }

  #of({ id, verdict }: ExperimentPlan): Voted {
    let voted = this.#voted.get(id)
    if (voted === undefined) {
      voted = { units: new FirstVotes(verdict.warmUpMs), keys: new FirstVotes(verdict.warmUpMs) }
      this.#voted.set(id, voted)
    }
    return voted
  }
}
