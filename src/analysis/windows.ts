import type { FirstTokens } from './first-token.ts'
import type { IncomparableReason, Outcome, UnpairedReason } from '../wire/outcomes.ts'
import type { ArmRequest } from '../wire/arm-votes.ts'
import { total } from '../wire/total.ts'
import {
  addCounts,
  bump,
  bumpLateness,
  bumpLatencies,
  emptyArms,
  emptyCounts,
  type Noise,
  type SealedWindow,
  type WindowCounts,
} from '../wire/window.ts'

/** What a window needs to know of a pair. */
export interface CountedPair {
  readonly result: Outcome
  readonly reason?: IncomparableReason
  readonly primaryUs: number
  readonly shadowUs: number
  /** From this ratio of shadow to primary latency on a pair is slower. */
  readonly slowdownRatio: number
  /** Its unit has voted in this experiment: it is counted, and no vote. */
  readonly isRepeat: boolean
  /** null: no leg was a stream. */
  readonly firstTokens: FirstTokens | null
  /** Its request asks for an answer that may be another one each time. */
  readonly isStochastic: boolean
}

/** Adds the outcome of a compared pair and its latencies, a failed leg's as infinite ones. */
export function countPair(counts: WindowCounts, pair: CountedPair): void {
  if (pair.isStochastic) counts.stochastic++
  if (pair.result === 'incomparable') counts.incomparable[pair.reason ?? 'failed']++
  const primaryFailed = pair.result === 'primary_error' || pair.result === 'both_error'
  const shadowFailed = pair.result === 'shadow_error' || pair.result === 'both_error'
  const primaryUs = primaryFailed ? Infinity : pair.primaryUs
  const shadowUs = shadowFailed ? Infinity : pair.shadowUs
  const primaryTokenUs = primaryFailed ? Infinity : (pair.firstTokens?.primaryUs ?? null)
  const shadowTokenUs = shadowFailed ? Infinity : (pair.firstTokens?.shadowUs ?? null)
  const isTimed = pair.firstTokens !== null && primaryTokenUs !== null && shadowTokenUs !== null
  for (const votes of pair.isRepeat ? [counts, counts.repeated] : [counts]) {
    votes.outcomes[pair.result]++
    bumpLatencies(votes, primaryUs, shadowUs, pair.slowdownRatio)
    if (isTimed) bumpLateness(votes.firstToken, primaryTokenUs, shadowTokenUs)
  }
}

/** The unsealed windows of one data-plane thread. */
interface Origin {
  /** Seconds before this one are sealed. */
  settledBefore: number
  /** Second of arrival > experiment > counts. */
  readonly open: Map<number, Map<string, WindowCounts>>
}

/**
 * Collects counts per experiment, origin and second of arrival. A window is open from its first count until its origin
 * has settled that second, then sealed, once; windows of an origin seal in the order of their seconds.
 *
 * Every sealed window holds these laws: `eligible >= sampled = sent + Σ dropped`, `sent = pairs + Σ unpaired`,
 * `pairs = Σ outcomes`, `Σ incomparable = outcomes.incomparable`.
 */
export class Windows {
  readonly #origins = new Map<string, Origin>()
  readonly #onLostPairs: (experiment: string, pairs: number) => void

  /** `onLostPairs` hears of pairs that were counted but whose frame never came; they are sealed as not captured. */
  constructor(onLostPairs: (experiment: string, pairs: number) => void = () => {}) {
    this.#onLostPairs = onLostPairs
  }

  /** Adds what a data-plane thread counted. false: that second is sealed already, nothing was added. */
  addCounts(origin: string, experiment: string, second: number, counts: WindowCounts): boolean {
    const window = this.#window(origin, experiment, second)
    if (window === null) return false
    addCounts(window, counts)
    return true
  }

  /** Adds requests of clients; `isVote` says whether one is the first of its key. false: as in `addCounts`. */
  addArms(
    origin: string,
    experiment: string,
    second: number,
    requests: readonly ArmRequest[],
    isVote: (request: ArmRequest) => boolean,
  ): boolean {
    const window = this.#window(origin, experiment, second)
    if (window === null) return false
    for (const request of requests) {
      const arm = (window.arms[String(request.percent)] ??= emptyArms())[request.arm]
      if (!isVote(request)) {
        arm.repeats++
        continue
      }
      arm.requests++
      if (request.failed) arm.errors++
      bump(arm.latency, request.latencyBucket)
    }
    return true
  }

  /** Adds which of shadow and control disagreed with the primary. false: as in `addCounts`. */
  addNoise(origin: string, experiment: string, second: number, which: keyof Noise): boolean {
    const window = this.#window(origin, experiment, second)
    if (window === null) return false
    window.noise[which]++
    return true
  }

  /** Adds the outcome of a compared pair; that there is a pair, its thread's tally says. false: as in `addCounts`. */
  addPair(origin: string, experiment: string, second: number, pair: CountedPair): boolean {
    const window = this.#window(origin, experiment, second)
    if (window === null) return false
    countPair(window, pair)
    return true
  }

  /** The thread has settled every second before this one. @returns the windows that are sealed by it, oldest first. */
  settle(origin: string, settledBefore: number): SealedWindow[] {
    const state = this.#origins.get(origin)
    if (state === undefined) return []
    state.settledBefore = Math.max(state.settledBefore, settledBefore)
    return this.#seal(origin, state, second => second < state.settledBefore)
  }

  /** The thread is gone: what it sent and did not pair is unpaired for this reason, and all its windows are sealed. */
  close(origin: string, reason: UnpairedReason): SealedWindow[] {
    const state = this.#origins.get(origin)
    if (state === undefined) return []
    this.#origins.delete(origin)
    for (const windows of state.open.values()) for (const counts of windows.values()) closeCounts(counts, reason)
    return this.#seal(origin, state, () => true)
  }

  origins(): string[] {
    return [...this.#origins.keys()]
  }

  #window(origin: string, experiment: string, second: number): WindowCounts | null {
    let state = this.#origins.get(origin)
    if (state === undefined) this.#origins.set(origin, (state = { settledBefore: 0, open: new Map() }))
    if (second < state.settledBefore) return null
    let windows = state.open.get(second)
    if (windows === undefined) state.open.set(second, (windows = new Map()))
    let counts = windows.get(experiment)
    if (counts === undefined) windows.set(experiment, (counts = emptyCounts()))
    return counts
  }

  #seal(origin: string, state: Origin, settled: (second: number) => boolean): SealedWindow[] {
    const sealed: SealedWindow[] = []
    for (const second of [...state.open.keys()].filter(settled).sort((a, b) => a - b)) {
      for (const [experiment, counts] of state.open.get(second) as Map<string, WindowCounts>) {
        this.#accountForLostPairs(experiment, counts)
        sealed.push({ schema: 'understudy.window/1', experiment, origin, second, counts })
      }
      state.open.delete(second)
    }
    return sealed
  }

  /** A pair whose frame was lost, with an analysis thread that died or to a bug, must not vanish from the outcomes. */
  #accountForLostPairs(experiment: string, counts: WindowCounts): void {
    const lost = counts.pairs - total(counts.outcomes)
    if (lost <= 0) return
    counts.outcomes.incomparable += lost
    counts.incomparable.not_captured += lost
    this.#onLostPairs(experiment, lost)
  }
}

/**
 * Frames may have come without the tally that counts them, when the thread died in between: what they prove is counted.
 * What the thread had not told at all cannot be known.
 */
function closeCounts(counts: WindowCounts, reason: UnpairedReason): void {
  counts.pairs = Math.max(counts.pairs, total(counts.outcomes))
  counts.sent = Math.max(counts.sent, counts.pairs + total(counts.unpaired))
  counts.unpaired[reason] += counts.sent - counts.pairs - total(counts.unpaired)
  counts.sampled = Math.max(counts.sampled, counts.sent + total(counts.dropped))
  counts.eligible = Math.max(counts.eligible, counts.sampled)
}
