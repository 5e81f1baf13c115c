import type { Snapshot } from '../config/snapshot.ts'
import { Intake } from '../judge/intake.ts'
import { Judge } from '../judge/judge.ts'
import { Ledger } from '../judge/ledger.ts'
import type { Store } from '../judge/store/store.ts'
import type { AnalysisReport, Disagreement, ExperimentReport, SinkReport, ThreadCounters } from '../wire/messages.ts'
import { AuditLog } from './audit.ts'
import { VerdictWatch } from './verdict-watch.ts'
import { foldCounters, withoutGauges, type FoldedCounters } from './fold-counters.ts'

/** Disagreements kept for people to look at, per experiment; the sinks have all of them. */
const DISAGREEMENTS_KEPT = 200

export interface ReloadFailure {
  /** ISO 8601. */
  readonly at: string
  readonly problems: readonly string[]
}

/** What the control thread knows: told by the other threads, read by metrics and the admin API. */
export class ControlState {
  readonly store: Store | null
  readonly ledger: Ledger
  readonly judge = new Judge()
  readonly verdicts = new VerdictWatch()
  loadedAt = new Date().toISOString()
  lastFailure: ReloadFailure | null = null
  reloadFailures = 0
  framesLost = 0
  threadRestarts = 0
  ready = false
  /** Called when another snapshot is in force. */
  onApplied: () => void = () => {}
  /** Canary percentages set by hand; they outlive a reload of the file, until the process ends. */
  readonly canaryPercents = new Map<string, number>()
  readonly audit = new AuditLog()
  draining = false
  readonly threads = new Map<number, ThreadCounters>()
  readonly #gone: ThreadCounters[] = []
  readonly #reports = new Map<string, ExperimentReport>()
  readonly #disagreements = new Map<string, Disagreement[]>()
  #sinks: readonly SinkReport[] = []

  readonly #intake: Intake
  #snapshot: Snapshot

  /** `store`: what is known of experiments goes on from there, and is kept there. null: it is in memory only. */
  constructor(snapshot: Snapshot, store: Store | null = null) {
    this.#snapshot = snapshot
    this.store = store
    this.ledger = new Ledger(store?.windows)
    this.#intake = new Intake(this.ledger, this.judge, store)
    this.#intake.apply(snapshot.experiments)
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  /** Experiments that are new get a judge; the verdicts of earlier ones stay. */
  set snapshot(snapshot: Snapshot) {
    this.#snapshot = snapshot
    this.#intake.apply(snapshot.experiments)
  }

  get sinks(): readonly SinkReport[] {
    return this.#sinks
  }

  counters(): FoldedCounters {
    return foldCounters([...this.#gone, ...this.threads.values()])
  }

  /** A thread ended: its totals stay. */
  threadGone(thread: number): void {
    const counters = this.threads.get(thread)
    if (counters === undefined) return
    this.threads.delete(thread)
    this.#gone.push(withoutGauges(counters))
  }

  take(report: AnalysisReport): void {
    for (const experiment of this.#intake.take(report.windows)) this.verdicts.looked(experiment)
    for (const experiment of report.experiments) this.#reports.set(experiment.experiment, experiment)
    for (const disagreement of report.disagreements) this.#keep(disagreement)
    this.#sinks = report.sinks
    this.framesLost = report.framesLost
  }

  report(experiment: string): ExperimentReport | null {
    return this.#reports.get(experiment) ?? null
  }

  reports(): ExperimentReport[] {
    return [...this.#reports.values()]
  }

  /** Newest first. */
  disagreements(experiment: string, limit: number): unknown[] {
    const kept = this.#disagreements.get(experiment) ?? []
    return kept
      .slice(-limit)
      .toReversed()
      .map(disagreement => disagreement.record)
  }

  #keep(disagreement: Disagreement): void {
    const kept = this.#disagreements.get(disagreement.experiment) ?? []
    kept.push(disagreement)
    if (kept.length > DISAGREEMENTS_KEPT) kept.shift()
    this.#disagreements.set(disagreement.experiment, kept)
  }
}
