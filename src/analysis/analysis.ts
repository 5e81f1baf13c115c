import type { Clock } from '../clock.ts'
import { slowdownRatio, type ExperimentPlan, type Snapshot } from '../config/snapshot.ts'
import type { Comparison } from '../sinks/findings.ts'
import { openSinks } from '../sinks/open-sinks.ts'
import { pairRecord, windowRecord, type PairRecordInput } from '../sinks/record.ts'
import type { SinkLog } from '../sinks/sink.ts'
import type { AnalysisReport, TallyMessage } from '../wire/messages.ts'
import type { UnpairedReason } from '../wire/outcomes.ts'
import { OUTCOMES } from '../wire/outcomes.ts'
import { decodePairFrame, type PairFrame } from '../wire/pair-frame.ts'
import { unpackArmRequests } from '../wire/arm-votes.ts'
import type { SealedWindow } from '../wire/window.ts'
import { comparePair } from './compare/compare-pair.ts'
import { redactLabels } from './confusions.ts'
import { Experiments } from './experiments.ts'
import { firstTokens } from './first-token.ts'
import { NoiseJoins } from './noise-joins.ts'
import { bodyOrNull, PairBodies } from './pair-bodies.ts'
import { RecentDisagreements } from './recent-disagreements.ts'
import { SinkSet } from './sink-set.ts'
import { Snapshots } from './snapshots.ts'
import { legStream } from './stream-timing.ts'
import { asksForChance } from './stochastic.ts'
import { Votes } from './votes.ts'
import { Windows } from './windows.ts'

interface AnalysisOptions {
  readonly snapshot: Snapshot
  readonly clock: Clock
  readonly log: SinkLog
  /** Of experiments whose judge began before there was this thread; absent: of none. */
  readonly firstSeconds?: Readonly<Record<string, number>>
  readonly open?: typeof openSinks
}

/** The work of the analysis thread: decode > compare > windows > records > sinks. Knows nothing of threads and ports. */
export class Analysis {
  readonly #clock: Clock
  readonly #log: SinkLog
  readonly #snapshots: Snapshots
  readonly #sinks: SinkSet
  readonly #experiments = new Experiments()
  readonly #windows = new Windows((experiment, pairs) =>
    this.#experiments.of(experiment).addOutcome('incomparable', pairs),
  )
  readonly #votes: Votes
  readonly #noise = new NoiseJoins()
  readonly #disagreements = new RecentDisagreements()
  /** Origin > the second before which it has settled all. */
  readonly #settled = new Map<string, number>()
  #sealed: SealedWindow[] = []
  #framesLost = 0
  #isFinished = false
  /** Of the last window. */
  #sealedAtUs = 0

  constructor({ snapshot, clock, log, firstSeconds = {}, open = openSinks }: AnalysisOptions) {
    this.#votes = new Votes(firstSeconds)
    this.#clock = clock
    this.#log = log
    this.#snapshots = new Snapshots(snapshot)
    this.#sinks = new SinkSet(snapshot.sinks, open, log)
    this.#experiments.begin(snapshot)
  }

  apply(snapshot: Snapshot): void {
    this.#snapshots.add(snapshot)
    this.#sinks.apply(snapshot.sinks)
    this.#experiments.begin(snapshot)
  }

  attach(origin: string): void {
    this.#snapshots.attach(origin)
    this.#settled.set(origin, 0)
  }

  /** Takes `count` frames from the first `used` bytes; nothing of the buffer is kept. */
  frames(origin: string, buffer: SharedArrayBuffer, used: number, count: number): void {
    const bytes = Buffer.from(buffer, 0, used)
    let offset = 0
    for (let left = count; left > 0; left--) {
      const decoded = this.#decodeFrame(bytes, offset)
      if (decoded === null) {
        this.#framesLost += left
        return
      }
      offset = decoded.next
      if (!this.#pair(origin, decoded.frame)) this.#framesLost++
    }
  }

  tally(origin: string, { tallies, settledBefore, oldestRevision }: TallyMessage): void {
    for (const { revision, experiment, second, counts, arms } of tallies) {
      const plan = this.#snapshots.get(revision)?.experiments[experiment]
      const isAdded = plan !== undefined && this.#windows.addCounts(origin, plan.id, second, counts)
      if (!isAdded) {
        this.#framesLost += counts.pairs
        this.#log('error', 'counts of an unknown experiment or a sealed window were lost', { origin, revision, second })
        continue
      }
      this.#votes.counted(plan.id, second)
      if (arms.length > 0) {
        this.#windows.addArms(origin, plan.id, second, unpackArmRequests(arms), this.#votes.clients(plan, second))
      }
      for (const outcome of OUTCOMES) this.#experiments.of(plan.id).addOutcome(outcome, counts.outcomes[outcome])
    }
    this.#settled.set(origin, settledBefore)
    this.#noise.settle(origin, settledBefore)
    this.#seal(this.#windows.settle(origin, settledBefore))
    if (this.#snapshots.keepFrom(origin, oldestRevision)) this.#retireEnded()
  }

  /** The thread of this origin is gone. All it has sent must have been taken before. */
  detach(origin: string, reason: UnpairedReason): void {
    this.#settled.delete(origin)
    this.#noise.close(origin)
    this.#seal(this.#windows.close(origin, reason))
    if (this.#snapshots.detach(origin)) this.#retireEnded()
  }

  /** Closes the windows of all threads: after this no more pairs come. */
  finish(): void {
    for (const origin of this.#windows.origins()) this.detach(origin, 'shutdown')
    this.#isFinished = true
  }

  /** What happened since the last report, and the totals. */
  report(): AnalysisReport {
    const nowUs = this.#clock.nowUs()
    const report: AnalysisReport = {
      windows: this.#sealed,
      settledBefore: this.#settledBefore(nowUs),
      experiments: this.#experiments.all().map(stats => ({
        ...stats.report(nowUs),
        forgottenVotes: this.#votes.forgotten(stats.experiment),
      })),
      disagreements: this.#disagreements.take(),
      sinks: this.#sinks.reports(),
      framesLost: this.#framesLost,
    }
    this.#sealed = []
    return report
  }

  async closeSinks(deadlineMs: number): Promise<void> {
    await this.#sinks.close(deadlineMs)
  }

  #settledBefore(nowUs: number): number {
    if (this.#isFinished) return Math.floor(nowUs / 1e6) + 1
    return this.#settled.size === 0 ? 0 : Math.min(...this.#settled.values())
  }

  #decodeFrame(bytes: Buffer, offset: number): { frame: PairFrame; next: number } | null {
    try {
      return decodePairFrame(bytes, offset)
    } catch (error) {
      this.#log('error', 'pair frames could not be read', { error: String(error), offset, bytes: bytes.length })
      return null
    }
  }

  /** false: the frame has no place, in the configuration or in an open window. */
  #pair(origin: string, frame: PairFrame): boolean {
    const snapshot = this.#snapshots.get(frame.revision)
    const experiment = snapshot?.experiments[frame.experiment]
    if (snapshot === undefined || experiment === undefined) {
      this.#log('error', 'a pair of an unknown configuration was lost', { origin, revision: frame.revision })
      return false
    }
    const bodies = new PairBodies(frame)
    const comparison = comparePair(frame, experiment, bodies, this.#log)
    const second = Math.floor(frame.arrivedAtUs / 1e6)
    const isRepeat = this.#votes.isRepeatedPair(experiment, frame.unit, second)
    const isStochastic = experiment.compare !== null && asksForChance(frame, experiment.compare.payload)
    const isOpen = this.#windows.addPair(origin, experiment.id, second, {
      ...comparison,
      primaryUs: frame.primary.latencyUs,
      shadowUs: frame.shadow.latencyUs,
      slowdownRatio: slowdownRatio(experiment),
      isRepeat,
      firstTokens: firstTokens(frame.primary, frame.shadow),
      isStochastic,
    })
    if (!isOpen) {
      this.#log('error', 'a pair came after its window was sealed, it was lost', { origin, requestId: frame.requestId })
      return false
    }
    if (!isRepeat) this.#joinNoise(origin, frame, experiment, second, comparison)
    const stats = this.#experiments.of(experiment.id)
    stats.add(frame, comparison, this.#clock.nowUs())
    if (comparison.labels !== undefined && snapshot.record !== null) {
      // Labels are pieces of answers: with `record: off` none of those is shown anywhere.
      const labels = redactLabels(comparison.labels, snapshot.record.redactPaths)
      stats.addLabels(labels, comparison.metrics['flips'] ?? labels.length)
    }
    if (snapshot.record !== null)
      this.#record(frame, snapshot, experiment, comparison, { isRepeat, isStochastic }, bodies)
    return true
  }

  #joinNoise(
    origin: string,
    { id, hasControl }: PairFrame,
    experiment: ExperimentPlan,
    second: number,
    { result }: Comparison,
  ): void {
    if (!hasControl) return
    const votes =
      experiment.role === 'control'
        ? this.#noise.control(origin, id, second, result)
        : this.#noise.shadow(origin, id, second, experiment.id, result)
    for (const { experiment: candidate, shadowDisagrees, controlDisagrees } of votes) {
      const which = shadowDisagrees ? (controlDisagrees ? 'both' : 'shadow') : controlDisagrees ? 'control' : 'neither'
      this.#windows.addNoise(origin, candidate, second, which)
    }
  }

  #record(
    frame: PairFrame,
    snapshot: Snapshot,
    experiment: ExperimentPlan,
    comparison: Comparison,
    marks: Pick<PairRecordInput, 'isRepeat' | 'isStochastic'>,
    bodies: PairBodies,
  ): void {
    const disagrees = comparison.result === 'disagree'
    if (this.#sinks.isEmpty && !disagrees) return
    const keep =
      snapshot.record?.bodies === 'always' ||
      (snapshot.record?.bodies === 'on-disagreement' && comparison.result !== 'agree')
    const decoded = {
      request: keep ? bodyOrNull(bodies.request()) : null,
      primary: keep && frame.primary.capture === 'complete' ? bodyOrNull(bodies.primary()) : null,
      shadow: keep && frame.shadow.capture === 'complete' ? bodyOrNull(bodies.shadow()) : null,
    }
    const streams = { primary: legStream(frame.primary), shadow: legStream(frame.shadow) }
    const record = pairRecord({ frame, snapshot, experiment, comparison, ...marks, decoded, streams })
    this.#sinks.offer(record)
    if (disagrees) this.#disagreements.add(experiment.id, record.value)
  }

  #seal(windows: readonly SealedWindow[]): void {
    for (const { counts, ...key } of windows) {
      this.#sealedAtUs = Math.max(this.#clock.nowUs(), this.#sealedAtUs + 1)
      const window: SealedWindow = { ...key, sealedAtUs: this.#sealedAtUs, counts }
      this.#sealed.push(window)
      if (!this.#sinks.isEmpty) this.#sinks.offer(windowRecord(window))
    }
  }

  #retireEnded(): void {
    const ended = this.#experiments.retire(id => this.#snapshots.hasExperiment(id), this.#clock.nowUs())
    for (const id of ended) this.#votes.delete(id)
  }
}
