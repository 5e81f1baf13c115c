import { grouped, roughly } from './words.ts'

/** `safe`: within the margin, shown. `harm`: over the margin, shown. `open`: neither yet. `no_data`: no vote yet. */
export const GATE_STATES = ['open', 'safe', 'harm', 'no_data'] as const
export type GateState = (typeof GATE_STATES)[number]

/** Where the votes come from: shadow pairs, or the clients of both arms. */
export type GateKind = 'pairs' | 'arms'

export interface GateResult {
  readonly id: string
  readonly kind: GateKind
  /** Votes: pairs, or requests of the canary. */
  readonly n: number
  /** In the unit of the margin; null before there is one. */
  readonly estimate: number | null
  /** Confidence sequence in the same unit; an upper end of null is no bound. */
  readonly interval: readonly [lower: number, upper: number | null]
  readonly margin: number
  /** Natural logarithms. */
  readonly logE: Evidence
  readonly threshold: Evidence
  readonly state: GateState
  /** In plain words, complete by itself. */
  readonly reason: string
  /** About how many more votes decide an open gate; null when it is not open or nothing drifts. */
  readonly votesNeeded: number | null
}

export interface Evidence {
  readonly harm: number
  readonly safe: number
}

/** Error probabilities of one gate, each in (0, 1). */
export interface Levels {
  /** Its share of alpha.rollback. */
  readonly harm: number
  /** alpha.promote, whole: promotion needs every gate (intersection-union). */
  readonly safe: number
  /** Of the two-sided interval that is shown. */
  readonly interval: number
}

/** A bound closer to 0 or 1 is moved to here: "never" and "always" are margins people declare, and logarithms end there. */
const NEAREST_BOUND = 1e-9

/** The bound on a mean that a margin stands for, where evidence can speak about it. */
export function decidable(q: number): number {
  return Math.min(1 - NEAREST_BOUND, Math.max(NEAREST_BOUND, q))
}

export function thresholds(levels: Levels): Evidence {
  return { harm: Math.log(1 / levels.harm), safe: Math.log(1 / levels.safe) }
}

export function gateState(n: number, logE: Evidence, threshold: Evidence): GateState {
  if (n === 0) return 'no_data'
  if (logE.harm >= threshold.harm) return 'harm'
  return logE.safe >= threshold.safe ? 'safe' : 'open'
}

/** What more an open gate takes; `votes` is what is counted, in the plural. */
export function openReason(id: string, needed: Needed, votes: string, finding: string): string {
  const more = needed.count === null ? `${votes} point neither way yet` : `${roughly(needed.count)} more ${votes}`
  return `${id} open: ${more}${needed.side === 'harm' ? ' until harm is shown' : ''} (${finding})`
}

export interface Needed {
  readonly side: 'safe' | 'harm' | null
  readonly count: number | null
}

/** The side that is decided first at the present drift. */
export function sooner(safe: number | null, harm: number | null): Needed {
  if (safe === null && harm === null) return { side: null, count: null }
  if (harm === null || (safe !== null && safe <= harm)) return { side: 'safe', count: safe }
  return { side: 'harm', count: harm }
}

export function countedVotes(n: number, votes: string): string {
  return `${grouped(n)} ${votes}`
}
