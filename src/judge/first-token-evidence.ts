import type { GatesPlan } from '../config/snapshot.ts'
import type { Choice } from '../evidence/declared-gates.ts'
import { isCount, isRecord, readCounts, sparseCounts } from '../wire/read-window.ts'
import { total } from '../wire/total.ts'
import { addLateness, emptyCounts, emptyLateness, type Lateness, type WindowCounts } from '../wire/window.ts'
import {
  CALIBRATION_PAIRS,
  edgeAt,
  percentileEdge,
  thresholdAt,
  thresholdChoice,
  type Timed,
} from './evidence-counts.ts'

/** Plain data: what a judge that is started again goes on with. */
export interface FirstTokenState {
  readonly calibration: Lateness
  readonly timed: Lateness
  /** The part of it that is no votes. */
  readonly repeated: Lateness
  readonly edge: number | null
}

/**
 * Evidence from the times to the first token: calibrating > judging. It has a threshold and a calibration of its own,
 * because few of the pairs may be streams. A threshold of the user's judges from the end of the warm-up on; without one,
 * the warm-up and the seconds after it until there are enough streams choose it, and are not judged by it.
 */
export class FirstTokenEvidence {
  readonly #gate: GatesPlan['timeToFirstToken']
  readonly #calibration = emptyLateness()
  readonly #timed = emptyLateness()
  readonly #repeated = emptyLateness()
  #edge: number | null

  /** `gate` null: nothing is counted. */
  constructor(gate: GatesPlan['timeToFirstToken'], state: FirstTokenState | null = null) {
    this.#gate = gate
    const thresholdUs = gate?.thresholdUs ?? null
    this.#edge = state?.edge ?? (thresholdUs === null ? null : edgeAt(thresholdUs))
    if (state === null) return
    addLateness(this.#calibration, state.calibration)
    addLateness(this.#timed, state.timed)
    addLateness(this.#repeated, state.repeated)
  }

  get state(): FirstTokenState | null {
    if (this.#gate === null) return null
    return { calibration: this.#calibration, timed: this.#timed, repeated: this.#repeated, edge: this.#edge }
  }

  /** null: nobody asks, or no threshold is chosen. */
  get timed(): Timed | null {
    if (this.#gate === null || this.#edge === null) return null
    return { all: this.#timed, repeated: this.#repeated, edge: this.#edge }
  }

  /** null: the threshold is chosen, or nobody asks. */
  get choice(): Choice | null {
    const isOpen = this.#gate !== null && this.#edge === null
    return isOpen ? thresholdChoice(this.#calibration.latency, 'pairs of streams') : null
  }

  /** Over which a first token is late, microseconds. */
  get thresholdUs(): number | null {
    return thresholdAt(this.#edge)
  }

  /** The same of the counts of one second, by the threshold that was chosen before it. */
  timedOf(counts: WindowCounts): Timed | null {
    if (this.#gate === null || this.#edge === null) return null
    return { all: counts.firstToken, repeated: counts.repeated.firstToken, edge: this.#edge }
  }

  /** The counts of one second. */
  take(counts: WindowCounts, isWarmedUp: boolean): void {
    if (this.#gate === null) return
    if (this.#edge !== null) {
      if (!isWarmedUp) return
      addLateness(this.#timed, counts.firstToken)
      addLateness(this.#repeated, counts.repeated.firstToken)
      return
    }
    addLateness(this.#calibration, counts.firstToken)
    const { primary } = this.#calibration.latency
    if (isWarmedUp && total(primary) >= CALIBRATION_PAIRS) this.#edge = percentileEdge(primary, this.#gate.percentile)
  }
}

/** Plain JSON, as short as it can be. */
export function writeFirstToken(state: FirstTokenState | null): object | null {
  if (state === null) return null
  const { calibration, timed, repeated, edge } = state
  return { calibration: write(calibration), timed: write(timed), repeated: write(repeated), edge }
}

/** Absent: none was counted yet. undefined: this is none. */
export function readFirstToken(value: unknown): FirstTokenState | null | undefined {
  if (value === undefined || value === null) return null
  if (!isRecord(value)) return undefined
  const [calibration, timed, repeated] = ['calibration', 'timed', 'repeated'].map(name => read(value[name]))
  const edge = value['edge'] ?? null
  if (calibration === undefined || timed === undefined || repeated === undefined) return undefined
  if (edge !== null && !isCount(edge)) return undefined
  return { calibration, timed, repeated, edge }
}

function write(firstToken: Lateness): object {
  return sparseCounts({ ...emptyCounts(), firstToken })
}

function read(value: unknown): Lateness | undefined {
  return readCounts(value)?.firstToken
}
