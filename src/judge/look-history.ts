/**
 * How an experiment looked over time, in at most LOOKS_KEPT points however long it runs.
 *
 * Time since the epoch is cut into slots of `slotSeconds`, one second at first; each slot keeps its newest look. When there
 * is one slot too many, slots become twice as long and of two that are now one the newer look stays. So the newest look is
 * always there, the others are at most two slots apart where there was traffic, and which ones stay depends on the
 * seconds alone: an experiment that was restored goes on as if nothing had happened.
 */
import type { GateResult } from '../evidence/gate.ts'
import type { Verdict } from '../evidence/verdict.ts'

/** A picture of 700 units has three for each point; half of them are there right after the slots have doubled. */
export const LOOKS_KEPT = 240

/** What one look said of one gate, in the unit of its margin. */
export interface GatePoint extends Pick<GateResult, 'id' | 'n' | 'estimate' | 'margin' | 'state'> {
  readonly lower: number
  /** null: no bound. */
  readonly upper: number | null
}

export interface LookPoint {
  /** Seconds since the epoch of the newest second that was judged. */
  readonly second: number
  readonly verdict: Verdict
  readonly gates: readonly GatePoint[]
}

/** Plain JSON: what `toJSON` gives and `restore` takes. */
export interface LookHistoryState {
  readonly slotSeconds: number
  readonly points: readonly LookPoint[]
}

export class LookHistory {
  #slotSeconds = 1
  #points: LookPoint[] = []

  static restore({ slotSeconds, points }: LookHistoryState): LookHistory {
    const history = new LookHistory()
    history.#slotSeconds = slotSeconds
    history.#points = [...points]
    return history
  }

  /** Oldest first. */
  get points(): readonly LookPoint[] {
    return this.#points
  }

  /** A newer look, or another one at the newest second. */
  add(second: number, verdict: Verdict, gates: readonly GateResult[]): void {
    const newest = this.#points.at(-1)
    if (newest !== undefined && this.#slot(newest) === this.#slot({ second })) this.#points.pop()
    this.#points.push({ second, verdict, gates: gates.map(gatePoint) })
    while (this.#points.length > LOOKS_KEPT) this.#double()
  }

  toJSON(): LookHistoryState {
    return { slotSeconds: this.#slotSeconds, points: this.#points }
  }

  #double(): void {
    this.#slotSeconds *= 2
    this.#points = this.#points.filter((point, i, all) => {
      const next = all[i + 1]
      return next === undefined || this.#slot(next) !== this.#slot(point)
    })
  }

  #slot({ second }: Pick<LookPoint, 'second'>): number {
    return Math.floor(second / this.#slotSeconds)
  }
}

function gatePoint({ id, n, estimate, margin, state, interval }: GateResult): GatePoint {
  return { id, n, estimate, margin, state, lower: interval[0], upper: interval[1] }
}
