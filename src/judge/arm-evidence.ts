import type { GatesPlan } from '../config/snapshot.ts'
import type { ArmMargin } from '../evidence/arm-gates.ts'
import type { ArmCounts } from '../evidence/counts.ts'
import type { Choice, DeclaredGate } from '../evidence/declared-gates.ts'
import { addArms, emptyArms, type Arms, type ArmVotes, type SparseHistogram } from '../wire/window.ts'
import { NO_ARMS, type ArmEvidenceState, type Frozen } from './arm-evidence-state.ts'
import { armCounts, edgeAt, percentileEdge, thresholdAt } from './evidence-counts.ts'

/** The primary's share of bad outcomes among fewer requests is not worth freezing. */
const CALIBRATION_REQUESTS = 200

/**
 * Evidence from the clients of both arms: calibrating > judging. The warm-up, and the seconds after it until the primary
 * has had enough requests, choose the latency threshold and the primary's shares; later seconds are judged by them.
 */
export class ArmEvidence {
  readonly #gates: GatesPlan
  readonly #calibration: Record<string, Arms>
  readonly #judged: Record<string, Arms>
  #frozen: Frozen | null

  constructor(gates: GatesPlan, state: ArmEvidenceState = NO_ARMS) {
    this.#gates = gates
    this.#calibration = {}
    this.#judged = {}
    addArms(this.#calibration, state.calibration)
    addArms(this.#judged, state.judged)
    this.#frozen = state.frozen
  }

  get state(): ArmEvidenceState {
    return { calibration: this.#calibration, judged: this.#judged, frozen: this.#frozen }
  }

  /** The requests of one second. */
  take(arms: Readonly<Record<string, Arms>>, isWarmedUp: boolean): void {
    if (this.#frozen !== null) {
      addArms(this.#judged, arms)
      return
    }
    addArms(this.#calibration, arms)
    if (!isWarmedUp) return
    const primary = primaryOf(this.#calibration)
    if (primary.requests >= CALIBRATION_REQUESTS) this.#frozen = this.#freeze(primary)
  }

  get counts(): ArmCounts[] {
    return armCounts(this.#judged, this.#frozen?.edge ?? null)
  }

  /** Latency over which an answer to a client is slow, microseconds. */
  get thresholdUs(): number | null {
    return thresholdAt(this.#frozen?.edge ?? null)
  }

  /** The gates that arms are asked, with what is frozen by now. */
  get declared(): DeclaredGate[] {
    const { canaryErrors, canaryLatency } = this.#gates
    const errors = canaryErrors === null ? null : marginOf(canaryErrors, this.#frozen?.errorRate ?? null)
    const latency = canaryLatency === null ? null : marginOf(canaryLatency, this.#frozen?.slowRate ?? null)
    const choice = this.#choice
    return [
      ...(errors === null ? [] : [{ gate: 'canary_errors', ...errors, choice } as const]),
      ...(latency === null ? [] : [{ gate: 'canary_latency', ...latency, choice } as const]),
    ]
  }

  /** null: all is frozen that is to be. */
  get #choice(): Choice | null {
    if (this.#frozen !== null) return null
    const { requests: counted } = primaryOf(this.#calibration)
    const what = 'requests to it'
    return { missing: "the primary's share is not known yet", counted, needed: CALIBRATION_REQUESTS, what }
  }

  #freeze(primary: ArmVotes): Frozen {
    const { requests, errors, latency } = primary
    const edge = chosenEdge(this.#gates.canaryLatency, latency)
    const [counted] = armCounts({ '0': { ...emptyArms(), primary } }, edge)
    return { edge, errorRate: errors / requests, slowRate: (counted?.primary.slow ?? 0) / requests }
  }
}

/** The user's threshold, or the percentile that is asked for; null: no gate asks for it. */
function chosenEdge(asked: GatesPlan['canaryLatency'], latency: SparseHistogram): number | null {
  if (asked === null) return null
  return asked.thresholdUs === null ? percentileEdge(latency, asked.percentile) : edgeAt(asked.thresholdUs)
}

function marginOf(asked: Omit<ArmMargin, 'frozenPrimaryRate'>, rate: number | null): ArmMargin {
  return { maxRatio: asked.maxRatio, maxIncrease: asked.maxIncrease, frozenPrimaryRate: rate }
}

/** At all percentages together. */
function primaryOf(arms: Readonly<Record<string, Arms>>): ArmVotes {
  const sum: Record<string, Arms> = {}
  for (const at of Object.values(arms)) addArms(sum, { all: at })
  return (sum['all'] ?? emptyArms()).primary
}
