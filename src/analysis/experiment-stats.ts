import type { Comparison, FlippedLabel } from '../sinks/findings.ts'
import { LOG_RATIO_BUCKETS, logRatioBucket } from '../wire/latency-grid.ts'
import {
  DURATION_EDGES_SECONDS,
  type ExperimentReport,
  type FoldedHistogram,
  type LatencySummary,
} from '../wire/messages.ts'
import { OUTCOMES, zeroes, type Outcome } from '../wire/outcomes.ts'
import type { PairFrame } from '../wire/pair-frame.ts'
import { Confusions } from './confusions.ts'
import { LatencyRecorder } from './latency.ts'
import { MetricSums } from './metric-sums.ts'
import { TopFields } from './top-fields.ts'

const NO_LATENCY: LatencySummary = { lastMinute: null, tenMinutes: null, all: null }

/** What people and dashboards see of one experiment, cumulative since this thread started. */
export class ExperimentStats {
  readonly experiment: string
  readonly #outcomes = zeroes(OUTCOMES)
  readonly #primary = new Folded(DURATION_EDGES_SECONDS.length + 1)
  readonly #shadow = new Folded(DURATION_EDGES_SECONDS.length + 1)
  readonly #logRatio = new Folded(LOG_RATIO_BUCKETS)
  readonly #topFields = new TopFields()
  readonly #confusions = new Confusions()
  readonly #metrics = new MetricSums()
  #latency: Latency = { kind: 'idle', last: { primary: NO_LATENCY, shadow: NO_LATENCY } }

  constructor(experiment: string) {
    this.experiment = experiment
  }

  /** Durations are as measured, from dispatch to the last byte or to the failure. */
  add(frame: PairFrame, comparison: Comparison, nowUs: number): void {
    const { primary, shadow } = frame
    this.addOutcome(comparison.result, 1)
    this.#primary.add(durationBucket(primary.latencyUs / 1e6), primary.latencyUs / 1e6)
    this.#shadow.add(durationBucket(shadow.latencyUs / 1e6), shadow.latencyUs / 1e6)
    if (!comparison.result.endsWith('_error')) {
      const logRatio = Math.log(Math.max(1, shadow.latencyUs) / Math.max(1, primary.latencyUs))
      this.#logRatio.add(logRatioBucket(logRatio), logRatio)
    }
    const latency = this.#latency.kind === 'recording' ? this.#latency : recording()
    this.#latency = latency
    latency.primary.record(primary.latencyUs, nowUs)
    latency.shadow.record(shadow.latencyUs, nowUs)
    for (const { path, kind } of comparison.differences) this.#topFields.add(path, kind)
    this.#metrics.add(comparison.metrics)
  }

  /** The changes of class of one pair: `flips` of them, of which `labels` are known. */
  addLabels(labels: readonly FlippedLabel[], flips: number): void {
    this.#confusions.add(labels, flips)
  }

  /** Pairs of which only the outcome is known. */
  addOutcome(outcome: Outcome, pairs: number): void {
    this.#outcomes[outcome] += pairs
  }

  report(nowUs: number): Omit<ExperimentReport, 'forgottenVotes'> {
    return {
      experiment: this.experiment,
      outcomes: { ...this.#outcomes },
      legDurations: { primary: this.#primary.folded(), shadow: this.#shadow.folded() },
      logRatio: this.#logRatio.folded(),
      latency: summary(this.#latency, nowUs),
      topFields: this.#topFields.top(),
      ...this.#confusions.report(),
      metrics: this.#metrics.report(),
    }
  }

  /** No snapshot has this experiment any more: its last percentiles stay, the memory behind them goes. */
  retire(nowUs: number): void {
    if (this.#latency.kind === 'idle') return
    const last = summary(this.#latency, nowUs)
    this.#latency.primary.release()
    this.#latency.shadow.release()
    this.#latency = { kind: 'idle', last }
  }
}

/** idle > recording with the first pair, > idle again when no configuration has the experiment any more. */
type Latency =
  | { readonly kind: 'recording'; readonly primary: LatencyRecorder; readonly shadow: LatencyRecorder }
  | { readonly kind: 'idle'; readonly last: ExperimentReport['latency'] }

function recording(): Latency & { kind: 'recording' } {
  return { kind: 'recording', primary: new LatencyRecorder(), shadow: new LatencyRecorder() }
}

function summary(latency: Latency, nowUs: number): { primary: LatencySummary; shadow: LatencySummary } {
  if (latency.kind === 'idle') return latency.last
  return { primary: latency.primary.summary(nowUs), shadow: latency.shadow.summary(nowUs) }
}

function durationBucket(seconds: number): number {
  const bucket = DURATION_EDGES_SECONDS.findIndex(edge => seconds <= edge)
  return bucket === -1 ? DURATION_EDGES_SECONDS.length : bucket
}

class Folded {
  readonly #buckets: number[]
  #sum = 0

  constructor(buckets: number) {
    this.#buckets = Array.from({ length: buckets }, () => 0)
  }

  add(bucket: number, value: number): void {
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1
    this.#sum += value
  }

  folded(): FoldedHistogram {
    return { buckets: [...this.#buckets], sum: this.#sum }
  }
}
