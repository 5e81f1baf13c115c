import { recordedFirstTokens } from '../analysis/first-token.ts'
import { slowdownRatio, type ExperimentPlan } from '../config/snapshot.ts'
import type { Look } from '../judge/experiment-judge.ts'
import { Judge } from '../judge/judge.ts'
import type { SinkLog } from '../sinks/sink.ts'
import { OUTCOMES, zeroes } from '../wire/outcomes.ts'
import { addCounts, type SealedWindow, type WindowCounts } from '../wire/window.ts'
import { PairSeconds, type ReplayedPair } from './pair-seconds.ts'
import type { RecordedPair } from './read-record.ts'
import { KEPT_REASONS, recompute, type KeptReason } from './recompute.ts'
import { SeenIds } from './seen-ids.ts'
import { withUnknownCoverage } from './unknown-coverage.ts'
import { WindowStore } from './window-store.ts'

/** What the verdict of a replay rests on. Every number counts records once, however often they were delivered. */
export interface Evidence {
  /** The experiment that was recorded. */
  readonly recorded: string
  /** The versions that answered, by the pair records; null without one. */
  readonly versions: { readonly primary: Party; readonly candidate: Party } | null
  /** Window records; 0: rebuilt from the pairs, and what was dropped is not known. */
  readonly windows: number
  readonly pairs: number
  readonly duplicates: number
  /** Comparisons made anew, and those of them that came out different, as `agree → disagree`. */
  readonly recomputed: number
  readonly changed: Readonly<Record<string, number>>
  /** Pair records whose comparison was taken as it was recorded. */
  readonly kept: Readonly<Record<KeptReason, number>>
  /** Pairs that windows count and no record shows: taken as counted. */
  readonly withoutRecord: number
  /** Pair records of seconds without a window record: left out. */
  readonly withoutWindow: number
  /** Changed comparisons that were left out: their window does not count the pairs as they are recorded. */
  readonly changesLeftOut: number
  /** Votes on slowness that were left out: counted by another ratio, and not all of their pairs are recorded. */
  readonly slowdownLeftOut: number
}

export type Party = ExperimentPlan['primary']

/** The records of one experiment, judged by a plan: its own, or another of the same route and candidate. */
export class ExperimentReplay {
  readonly recorded: string
  readonly plan: ExperimentPlan
  readonly #log: SinkLog
  readonly #windows: WindowStore
  readonly #pairs = new PairSeconds()
  readonly #seen = new SeenIds()
  readonly #kept = zeroes(KEPT_REASONS)
  readonly #changed: Record<string, number> = {}
  #versions: Evidence['versions'] = null
  #pairCount = 0
  #duplicates = 0
  #recomputed = 0

  constructor(recorded: string, plan: ExperimentPlan, log: SinkLog) {
    this.recorded = recorded
    this.plan = plan
    this.#log = log
    this.#windows = new WindowStore(plan.id)
  }

  addWindow(window: SealedWindow): void {
    this.#pairs.stopRebuilding()
    if (!this.#windows.add(window)) this.#duplicates++
  }

  addPair(pair: RecordedPair): void {
    if (!this.#seen.add(pair.id)) {
      this.#duplicates++
      return
    }
    this.#pairCount++
    this.#versions ??= { primary: partyOf(pair.primary), candidate: partyOf(pair.shadow) }
    this.#pairs.add(this.#replay(pair))
  }

  /** The last look of a judge that is given all windows in the order of their sealing. */
  judge(): { readonly look: Look; readonly evidence: Evidence } {
    const judge = new Judge()
    judge.apply([this.plan])
    const gaps: Gaps = { withoutRecord: 0, changesLeftOut: 0, slowdownLeftOut: 0, pairsInWindows: 0 }
    if (this.#windows.size === 0) gaps.pairsInWindows = this.#pairCount
    const windows = this.#windows.size > 0 ? this.#windows.inOrder() : this.#rebuilt()
    for (const window of windows) {
      if (this.#windows.size > 0) this.#amend(window, gaps)
      judge.add(window)
    }
    judge.finish()
    const look = judge.look(this.plan.id)
    if (look === null) throw new Error(`there is no judge for ${this.plan.id}`)
    const known = this.#windows.size > 0 ? look : withUnknownCoverage(look, this.plan.verdict.coverage)
    return { look: known, evidence: this.#evidence(gaps) }
  }

  /** By second, because pair records do not say when their window was sealed. */
  #rebuilt(): SealedWindow[] {
    return [...this.#pairs.rebuilt(this.plan.id)].sort((a, b) => a.second - b.second)
  }

  #replay(pair: RecordedPair): ReplayedPair {
    const latencies = {
      primaryUs: pair.primary.latencyUs,
      shadowUs: pair.shadow.latencyUs,
      slowdownRatio: slowdownRatio(this.plan),
      isRepeat: pair.isRepeat,
      firstTokens: recordedFirstTokens(pair.primary, pair.shadow),
      isStochastic: pair.isStochastic,
    }
    const recorded = { result: pair.result, ...reasonOf(pair.reason), ...latencies }
    const anew = recompute(pair, this.plan, this.#log)
    if (anew.kind === 'kept') {
      this.#kept[anew.reason]++
      return { id: pair.id, second: pair.second, recorded, now: recorded }
    }
    this.#recomputed++
    const { result, reason = null } = anew.comparison
    if (result !== pair.result || reason !== pair.reason) {
      const change = `${worded(pair.result, pair.reason)} → ${worded(result, reason)}`
      this.#changed[change] = (this.#changed[change] ?? 0) + 1
    }
    return { id: pair.id, second: pair.second, recorded, now: { result, ...reasonOf(reason), ...latencies } }
  }

  /** Puts into the window what its pair records say now. */
  #amend({ counts, ...key }: SealedWindow, gaps: Gaps): void {
    const pairs = this.#pairs.of({ counts, ...key })
    gaps.pairsInWindows += pairs?.pairs ?? 0
    gaps.withoutRecord += Math.max(0, counts.pairs - (pairs?.pairs ?? 0))
    const recordedVotes = counts.slowdown.pairs
    if (pairs !== undefined && pairs.change !== null) {
      if (holds(counts, pairs.change)) addCounts(counts, pairs.change)
      else gaps.changesLeftOut += pairs.changed
    }
    if (this.recorded === this.plan.id || this.plan.gates.slowdown === null) return
    // The window was counted by the ratio of another plan: only all of its pairs can say what it would be by this one.
    const isWhole = (pairs?.recordedVotes ?? 0) === recordedVotes
    if (!isWhole) gaps.slowdownLeftOut += recordedVotes
    counts.slowdown = isWhole && pairs !== undefined ? { ...pairs.slowdown } : { pairs: 0, slower: 0 }
    counts.repeated.slowdown = isWhole && pairs !== undefined ? { ...pairs.repeatedSlowdown } : { pairs: 0, slower: 0 }
  }

  #evidence({ withoutRecord, changesLeftOut, slowdownLeftOut, pairsInWindows }: Gaps): Evidence {
    return {
      recorded: this.recorded,
      versions: this.#versions,
      windows: this.#windows.size,
      pairs: this.#pairCount,
      duplicates: this.#duplicates,
      recomputed: this.#recomputed,
      changed: this.#changed,
      kept: this.#kept,
      withoutRecord,
      withoutWindow: this.#pairCount - pairsInWindows,
      changesLeftOut,
      slowdownLeftOut,
    }
  }
}

/** Where windows and pair records do not cover each other. */
interface Gaps {
  withoutRecord: number
  changesLeftOut: number
  slowdownLeftOut: number
  pairsInWindows: number
}

/** Does the window count the outcomes that the change takes away? Pairs of an analysis thread that died are recorded otherwise. */
function holds({ outcomes }: WindowCounts, change: WindowCounts): boolean {
  return OUTCOMES.every(outcome => outcomes[outcome] + change.outcomes[outcome] >= 0)
}

function partyOf({ upstream, version }: Party): Party {
  return { upstream, version }
}

function reasonOf(reason: RecordedPair['reason']): { readonly reason?: NonNullable<RecordedPair['reason']> } {
  return reason === null ? {} : { reason }
}

function worded(result: RecordedPair['result'], reason: RecordedPair['reason']): string {
  return reason === null ? result : `${result} (${reason})`
}
