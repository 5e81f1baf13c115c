import type { Disagreement } from '../wire/messages.ts'

/** Shown to people between two reports, per experiment; the sinks have all of them. */
const DISAGREEMENTS_PER_REPORT = 20

/** The first disagreeing pairs of each experiment since the last report. */
export class RecentDisagreements {
  readonly #byExperiment = new Map<string, Disagreement[]>()

  /** `record` is what the sinks get: redacted already. Parsed only if there is room for it. */
  add(experiment: string, record: string): void {
    let shown = this.#byExperiment.get(experiment)
    if (shown === undefined) this.#byExperiment.set(experiment, (shown = []))
    if (shown.length < DISAGREEMENTS_PER_REPORT) shown.push({ experiment, record: JSON.parse(record) as unknown })
  }

  /** Those since it was last asked, by experiment. */
  take(): Disagreement[] {
    const taken = [...this.#byExperiment.values()].flat()
    this.#byExperiment.clear()
    return taken
  }
}
