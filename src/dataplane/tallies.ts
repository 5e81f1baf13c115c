import type { Tally } from '../wire/messages.ts'
import { emptyCounts, type WindowCounts } from '../wire/window.ts'

/** The counts of all experiments of one snapshot for exchanges that arrived in one second on this thread. */
export class SecondTally {
  readonly second: number
  readonly revision: number
  readonly #counts: (WindowCounts | undefined)[] = []
  readonly #arms: (number[] | undefined)[] = []

  constructor(second: number, revision: number) {
    this.second = second
    this.revision = revision
  }

  counts(experiment: number): WindowCounts {
    return (this.#counts[experiment] ??= emptyCounts())
  }

  /** Packed requests of clients, see wire/arm-votes.ts. */
  arms(experiment: number): number[] {
    this.counts(experiment)
    return (this.#arms[experiment] ??= [])
  }

  rows(): Tally[] {
    const rows: Tally[] = []
    const { revision, second } = this
    this.#counts.forEach((counts, experiment) => {
      if (counts !== undefined) rows.push({ revision, experiment, second, counts, arms: this.#arms[experiment] ?? [] })
    })
    return rows
  }
}

/** Seconds that are still open, oldest first, until the watermark has passed them. */
export class Tallies {
  readonly #open: SecondTally[] = []

  /** The tally for an arrival now; `second` never goes back. A reload within a second opens a second one. */
  at(second: number, revision: number): SecondTally {
    const last = this.#open.at(-1)
    if (last !== undefined && last.second === second && last.revision === revision) return last
    const tally = new SecondTally(second, revision)
    this.#open.push(tally)
    return tally
  }

  /** The snapshot revisions that open seconds refer to. */
  revisions(): number[] {
    return this.#open.map(tally => tally.revision)
  }

  /** Removes and returns the rows of all seconds before `settledBefore`. */
  takeBefore(settledBefore: number): Tally[] {
    const rows: Tally[] = []
    while (this.#open.length > 0 && (this.#open[0] as SecondTally).second < settledBefore) {
      rows.push(...(this.#open.shift() as SecondTally).rows())
    }
    return rows
  }
}
