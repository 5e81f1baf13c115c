import type { ExperimentPlan } from '../config/snapshot.ts'
import { coverage, type Coverage, type CoverageCounts } from '../evidence/coverage.ts'
import { evaluateGates, type Choice, type DeclaredGate } from '../evidence/declared-gates.ts'
import type { GateResult } from '../evidence/gate.ts'
import { sampleRatio } from '../evidence/sample-ratio.ts'
import { decide, FIRST_LOOK, type Decision, type VerdictMemory } from '../evidence/verdict.ts'
import { total } from '../wire/total.ts'
import { addCounts, emptyCounts, type SealedWindow, type WindowCounts } from '../wire/window.ts'
import { ArmEvidence } from './arm-evidence.ts'
import { BatchMeans, type GateMeans } from './batch-means.ts'
import {
  CALIBRATION_PAIRS,
  controlAgreement,
  coverageCounts,
  edgeAt,
  loopLagAtLeastUs,
  pairCounts,
  pairVotes,
  percentileEdge,
  thresholdAt,
  thresholdChoice,
  type Timed,
} from './evidence-counts.ts'
import { FirstTokenEvidence } from './first-token-evidence.ts'
import type { JudgeState } from './judge-state.ts'
import { LookHistory, type LookHistoryState } from './look-history.ts'

/** Chance that a split which is right is found broken. */
const SAMPLE_RATIO_ALPHA = 0.001

/** One look at an experiment. */
export interface Look {
  readonly decision: Decision
  readonly gates: readonly GateResult[]
  readonly coverage: CoverageCounts & Coverage
  /** Chosen in the warm-up or by the user, microseconds; null while the gate waits for one, or where there is none. */
  readonly thresholdUs: number | null
  /** The same of the time to the first token. */
  readonly firstTokenThresholdUs: number | null
  /** The same of the clients of both arms. */
  readonly armThresholdUs: number | null
  /** The newest second that is judged, and the first that was seen; null before a window. */
  readonly second: number | null
  readonly firstSecond: number | null
}

/** What was known of the experiment when the process ended. */
export interface KeptEvidence {
  readonly state: JudgeState
  readonly means: Readonly<Record<string, GateMeans>>
}

/**
 * The judge of one experiment: the only writer of its verdict. It takes the windows of all threads second by second, in
 * order; those of the warm-up are shown and not judged, and choose the latency threshold, so that no pair is judged by a
 * threshold that it helped to choose.
 */
export class ExperimentJudge {
  #history = new LookHistory()
  readonly #plan: ExperimentPlan
  readonly #pairGates: readonly DeclaredGate[]
  readonly #arms: ArmEvidence
  readonly #judged = emptyCounts()
  /** The part of it behind the choice of the latency threshold. */
  readonly #timed = emptyCounts()
  readonly #calibration = emptyCounts()
  readonly #firstToken: FirstTokenEvidence
  readonly #means: BatchMeans
  #edge: number | null
  #firstSecond: number | null = null
  #second: number | null = null
  /** Of the look before, which the newest one was given. */
  #memory: VerdictMemory = FIRST_LOOK
  #settingsChanged = false
  #look: Look

  /** `kept`: goes on with it, to the last bit as if the process had never ended. */
  constructor(plan: ExperimentPlan, kept: KeptEvidence | null = null) {
    this.#plan = plan
    this.#pairGates = pairGates(plan)
    this.#arms = new ArmEvidence(plan.gates, kept?.state.arms)
    this.#firstToken = new FirstTokenEvidence(plan.gates.timeToFirstToken, kept?.state.firstToken)
    this.#means = new BatchMeans(
      this.#pairGates.map(({ gate }) => gate),
      kept?.means,
    )
    const thresholdUs = plan.gates.latency?.thresholdUs ?? null
    this.#edge = thresholdUs === null ? null : edgeAt(thresholdUs)
    if (kept !== null) this.#restore(kept.state)
    this.#look = this.#judge()
  }

  get plan(): ExperimentPlan {
    return this.#plan
  }

  /** The looks so far, thinned. */
  get history(): LookHistory {
    return this.#history
  }

  restoreHistory(state: LookHistoryState): void {
    this.#history = LookHistory.restore(state)
  }

  /** The last look. */
  get look(): Look {
    return this.#look
  }

  /** What a restart needs, to be read at once: the counts go on. */
  get kept(): KeptEvidence {
    return {
      state: {
        judged: this.#judged,
        timed: this.#timed,
        calibration: this.#calibration,
        edge: this.#edge,
        firstSecond: this.#firstSecond,
        second: this.#second,
        memory: this.#memory,
        settingsChanged: this.#settingsChanged,
        firstToken: this.#firstToken.state,
        arms: this.#arms.state,
      },
      means: this.#means.kept,
    }
  }

  /** The same id now stands for other settings: what is counted under it is no evidence for either. */
  changeSettings(): void {
    this.#settingsChanged = true
    this.#memory = this.#look.decision.memory
    this.#look = this.#judge()
  }

  /** All windows of one second; seconds come in order. */
  take(second: number, windows: readonly SealedWindow[]): void {
    const counts = emptyCounts()
    for (const window of windows) addCounts(counts, window.counts)
    this.#firstSecond ??= second
    // A thread that was held up seals its seconds late; they are judged, but time does not go back.
    this.#second = Math.max(second, this.#second ?? second)
    const isWarmedUp = (second - this.#firstSecond) * 1e3 >= this.#plan.verdict.warmUpMs
    if (isWarmedUp) this.#count(counts)
    this.#calibrate(counts, isWarmedUp)
    this.#firstToken.take(counts, isWarmedUp)
    this.#arms.take(counts.arms, isWarmedUp)
    this.#memory = this.#look.decision.memory
    this.#look = this.#judge()
    this.#history.add(this.#second, this.#look.decision.verdict, this.#look.gates)
  }

  #restore(state: JudgeState): void {
    addCounts(this.#judged, state.judged)
    addCounts(this.#timed, state.timed)
    addCounts(this.#calibration, state.calibration)
    this.#edge = state.edge
    this.#firstSecond = state.firstSecond
    this.#second = state.second
    this.#memory = state.memory
    this.#settingsChanged = state.settingsChanged
  }

  #count(counts: WindowCounts): void {
    addCounts(this.#judged, counts)
    if (this.#edge !== null) addCounts(this.#timed, counts)
    this.#means.add(pairCounts(counts, timedBy(counts, this.#edge), this.#firstToken.timedOf(counts)))
  }

  /** After the warm-up goes on until there are enough latencies; the seconds it takes are no evidence for the gate. */
  #calibrate(counts: WindowCounts, isWarmedUp: boolean): void {
    const gate = this.#plan.gates.latency
    if (gate === null || this.#edge !== null) return
    addCounts(this.#calibration, counts)
    const { primary } = this.#calibration.latency
    if (isWarmedUp && total(primary) >= CALIBRATION_PAIRS) this.#edge = percentileEdge(primary, gate.percentile)
  }

  /** What the gate waits for before it counts. */
  #choiceFor({ gate }: DeclaredGate): Choice | null {
    if (gate === 'time_to_first_token') return this.#firstToken.choice
    const isOpen = gate === 'latency' && this.#edge === null
    return isOpen ? thresholdChoice(this.#calibration.latency, 'pairs') : null
  }

  #judge(): Look {
    const { verdict, gates: plan } = this.#plan
    const latency = timedBy(this.#timed, this.#edge)
    const alpha = { rollback: verdict.alphaRollback, promote: verdict.alphaPromote }
    const arms = this.#arms.counts
    const declared = [
      ...this.#pairGates.map(gate => ({ ...gate, choice: this.#choiceFor(gate) })),
      ...this.#arms.declared,
    ]
    const gates = evaluateGates(declared, pairCounts(this.#judged, latency, this.#firstToken.timed), arms, alpha)
    const counted = coverageCounts(this.#judged)
    const thresholdUs = thresholdAt(this.#edge)
    const decision = decide({
      settings: {
        minPairs: verdict.minPairs,
        minDurationMs: verdict.minDurationMs,
        maxDurationMs: verdict.maxDurationMs,
        warmUpMs: verdict.warmUpMs,
        leastCoverage: verdict.coverage,
      },
      gates,
      pairs: pairVotes(this.#judged),
      canaryRequests: arms.reduce((sum, { canary }) => sum + canary.requests, 0),
      elapsedMs: this.#second === null ? 0 : (this.#second - (this.#firstSecond as number) + 1) * 1e3,
      memory: this.#memory,
      settingsChanged: this.#settingsChanged,
      sampleRatio: arms.length === 0 ? null : sampleRatio(arms, SAMPLE_RATIO_ALPHA),
      comparator: { pairs: this.#judged.pairs, failed: this.#judged.incomparable.failed },
      coverage: counted,
      agreementAsked: agreementAsked(plan.agreement, this.#judged),
      batchMeans: this.#means.all,
      loopLagUs: loopLagAtLeastUs(this.#timed.loopLag),
      latencyMarginUs: thresholdUs,
    })
    return {
      decision,
      gates,
      coverage: { ...counted, ...coverage(counted) },
      thresholdUs,
      firstTokenThresholdUs: this.#firstToken.thresholdUs,
      armThresholdUs: this.#arms.thresholdUs,
      second: this.#second,
      firstSecond: this.#firstSecond,
    }
  }
}

/** null: no threshold is chosen. */
function timedBy(counts: WindowCounts, edge: number | null): Timed | null {
  return edge === null ? null : { all: counts, repeated: counts.repeated, edge }
}

/** Below noise: as much as the control's share leaves; null before there is one. */
function agreementAsked(asked: ExperimentPlan['gates']['agreement'], judged: WindowCounts): number | null {
  if (asked === null || 'min' in asked) return asked?.min ?? null
  const control = controlAgreement(judged)
  return control === null ? null : control - asked.belowNoise
}

function pairGates({ gates }: ExperimentPlan): DeclaredGate[] {
  const { agreement, errors, latency, timeToFirstToken, slowdown } = gates
  return [
    ...(agreement === null ? [] : [{ gate: 'agreement', ...agreement } as const]),
    ...(errors === null ? [] : [{ gate: 'errors', maxIncrease: errors.maxIncrease } as const]),
    ...(latency === null ? [] : [{ gate: 'latency', maxIncrease: latency.maxIncrease } as const]),
    ...(timeToFirstToken === null
      ? []
      : [{ gate: 'time_to_first_token', maxIncrease: timeToFirstToken.maxIncrease } as const]),
    ...(slowdown === null ? [] : [{ gate: 'slowdown', medianRatio: slowdown.medianRatio } as const]),
  ]
}
