import type { Tally } from '../wire/messages.ts'
import { bump, emptyCounts, type SparseHistogram, type WindowCounts } from '../wire/window.ts'

/** The counts of all experiments of one snapshot for exchanges that arrived in one second on this thread. */
export class SecondTally {
  readonly second: number
  readonly revision: number
  readonly #counts: (WindowCounts | undefined)[] = []
  readonly #arms: (number[] | undefined)[] = []
  /** The same for all experiments: they share the event loop. */
  readonly #loopLag: SparseHistogram

  constructor(second: number, revision: number, loopLag: SparseHistogram) {
    this.second = second
    this.revision = revision
    this.#loopLag = loopLag
  }

  counts(experiment: number): WindowCounts {
    return (this.#counts[experiment] ??= { ...emptyCounts(), loopLag: this.#loopLag })
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
  /** Of the second in which the event loop was looked at last, and of the newest snapshot in it. */
  #loopLag: SparseHistogram = {}
  #lagSecond = -1

  /** The tally for an arrival now; `second` never goes back. A reload within a second opens a second one. */
  at(second: number, revision: number): SecondTally {
    const last = this.#open.at(-1)
    if (last !== undefined && last.second === second && last.revision === revision) return last
    // From a reload on lags are those of the new snapshot: none is counted twice.
    if (last?.second === second) this.#loopLag = {}
    const tally = new SecondTally(second, revision, this.#lagsOf(second))
    this.#open.push(tally)
    return tally
  }

  /** The event loop was looked at in this second, and so late: a bucket of wire/latency-grid.ts. */
  lag(second: number, bucket: number): void {
    bump(this.#lagsOf(second), bucket)
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

  #lagsOf(second: number): SparseHistogram {
    if (second > this.#lagSecond) {
      this.#lagSecond = second
      this.#loopLag = {}
    }
    return second === this.#lagSecond ? this.#loopLag : {}
  }
}
