import type { Snapshot } from '../config/snapshot.ts'
import { Intake } from '../judge/intake.ts'
import { KeptLooks } from '../judge/kept-looks.ts'
import { Judge } from '../judge/judge.ts'
import { Ledger } from '../judge/ledger.ts'
import type { Store } from '../judge/store/store.ts'
import type { AnalysisReport, Disagreement, ExperimentReport, SinkReport, ThreadCounters } from '../wire/messages.ts'
import { MemoryDocuments, type Documents } from '../judge/documents.ts'
import { Overrides } from '../judge/overrides.ts'
import { MemoryAuditLog, type AuditLog } from './audit.ts'
import { EventFeed } from './events.ts'
import { RolloutBook } from './rollout-book.ts'
import { SpendingBook } from './spending-book.ts'
import { VerdictWatch } from './verdict-watch.ts'
import { foldCounters, withoutGauges, type FoldedCounters } from './fold-counters.ts'

/** Disagreements kept for people to look at, per experiment; the sinks have all of them. */
const DISAGREEMENTS_KEPT = 200

export interface ReloadFailure {
  /** ISO 8601. */
  readonly at: string
  readonly problems: readonly string[]
}

/** What operators and rollouts have decided. */
export interface Kept {
  readonly documents: Documents
  readonly audit: AuditLog
}

function inMemory(): Kept {
  return { documents: new MemoryDocuments(), audit: new MemoryAuditLog() }
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
  /** Called when there was a new look at an experiment, or an operator has overridden its verdict. */
  onLooked: (experiment: string) => void = () => {}
  readonly events = new EventFeed()
  readonly audit: AuditLog
  readonly overrides: Overrides
  /** Percentages of canaries: they outlive a reload of the file. */
  readonly rollouts: RolloutBook
  /** Of shadows with a ceiling. */
  readonly spending: SpendingBook
  draining = false
  readonly threads = new Map<number, ThreadCounters>()
  readonly #gone: ThreadCounters[] = []
  readonly #reports = new Map<string, ExperimentReport>()
  readonly #disagreements = new Map<string, Disagreement[]>()
  #sinks: readonly SinkReport[] = []

  readonly #intake: Intake
  readonly #looks: KeptLooks
  #snapshot: Snapshot

  /**
   * `loaded` has the percentages of the file; `snapshot` those that are in force. `store`: what is known goes on from
   * there, and is kept there; null: it is in memory only.
   */
  constructor(loaded: Snapshot, store: Store | null = null, kept: Kept = store ?? inMemory()) {
    this.store = store
    this.ledger = new Ledger(store?.windows)
    this.#intake = new Intake(this.ledger, this.judge, store)
    this.audit = kept.audit
    this.overrides = new Overrides(kept.documents)
    this.rollouts = new RolloutBook(kept.documents)
    this.spending = new SpendingBook(kept.documents)
    this.#snapshot = this.rollouts.configure(loaded).snapshot
    this.#looks = new KeptLooks(kept.documents, this.judge)
    this.#intake.apply(loaded.experiments)
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
    const looked = this.#intake.take(report.windows, report.settledBefore)
    for (const experiment of report.experiments) this.#reports.set(experiment.experiment, experiment)
    for (const disagreement of report.disagreements) this.#keep(disagreement)
    this.#sinks = report.sinks
    this.framesLost = report.framesLost
    this.spending.keep()
    // Whoever hears of a look finds all that belongs to it.
    for (const experiment of looked) {
      this.#looks.looked(experiment)
      this.looked(experiment)
    }
  }

  /** Before the process ends. */
  save(): void {
    this.rollouts.save()
    this.spending.save()
    this.#looks.saveAll()
  }

  /** The verdict of this experiment may be another one. */
  looked(experiment: string): void {
    this.verdicts.looked(experiment)
    this.onLooked(experiment)
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
