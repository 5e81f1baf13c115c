import type { Snapshot } from '../config/snapshot.ts'
import { ExperimentStats } from './experiment-stats.ts'

/** Ended experiments whose totals are still reported. */
const EXPERIMENTS_KEPT = 256

/** What is known of every experiment of this thread, from the first configuration that has it until it is forgotten. */
export class Experiments {
  readonly #stats = new Map<string, ExperimentStats>()

  /** Begins the experiments of a configuration: they are reported also while they have no traffic. */
  begin(snapshot: Snapshot): void {
    for (const { id } of snapshot.experiments) this.of(id)
  }

  of(id: string): ExperimentStats {
    let stats = this.#stats.get(id)
    if (stats === undefined) this.#stats.set(id, (stats = new ExperimentStats(id)))
    return stats
  }

  /** Oldest first. */
  all(): readonly ExperimentStats[] {
    return [...this.#stats.values()]
  }

  /**
   * Releases what experiments hold that no configuration has any more, and forgets the oldest of too many.
   * @returns all that have ended.
   */
  retire(isConfigured: (id: string) => boolean, nowUs: number): readonly string[] {
    const ended = this.all().filter(({ experiment }) => !isConfigured(experiment))
    for (const stats of ended) stats.retire(nowUs)
    const surplus = Math.max(0, this.#stats.size - EXPERIMENTS_KEPT)
    for (const { experiment } of ended.slice(0, surplus)) this.#stats.delete(experiment)
    return ended.map(({ experiment }) => experiment)
  }
}
