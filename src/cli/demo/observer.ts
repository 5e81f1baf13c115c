import { setTimeout as sleep } from 'node:timers/promises'
import type { ExperimentView } from '../../control/admin/experiment-view.ts'
import type { VerdictView } from '../../control/admin/verdict-view.ts'
import type { AdminClient, SinkTotals } from './admin-client.ts'
import { DifferenceLog } from './differences.ts'
import { total } from './format.ts'

const COUNTS_EVERY_MS = 250
/** It changes once a second. */
const VERDICT_EVERY_MS = 500
/** Longer than the second in which the proxy gathers them, short enough that none is pushed out unseen. */
const DIFFERENCES_EVERY_MS = 1_000
/** Windows are sealed a second or two after their last exchange is settled. */
const SETTLE_MS = 10_000
const SINK_MS = 3_000

/** Looks at the proxy through its admin API, all through a run. */
export class Observer {
  readonly differences = new DifferenceLog()
  experiment: ExperimentView | null = null
  verdict: VerdictView | null = null
  readonly #admin: AdminClient
  #watching: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor(admin: AdminClient) {
    this.#admin = admin
  }

  start(): void {
    this.#watching = Promise.all([
      this.#repeat(COUNTS_EVERY_MS, () => this.#readCounts()),
      this.#repeat(VERDICT_EVERY_MS, () => this.readVerdict()),
      this.#repeat(DIFFERENCES_EVERY_MS, () => this.#readDifferences()),
    ])
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#watching
  }

  /**
   * Waits until every one of `answered` exchanges is in a sealed window, at most SETTLE_MS: what is not in by then is
   * missing in the counts, and the counts show it. Rejects when the admin API fails.
   */
  async settle(answered: number): Promise<ExperimentView> {
    const deadlineMs = performance.now() + SETTLE_MS
    let experiment = await this.#readCounts()
    while (!isSettled(experiment, answered) && performance.now() < deadlineMs) {
      await sleep(COUNTS_EVERY_MS)
      experiment = await this.#readCounts()
    }
    await this.#readDifferences()
    return experiment
  }

  /** What the judge says now. */
  async readVerdict(): Promise<VerdictView> {
    this.verdict = await this.#admin.verdict()
    return this.verdict
  }

  /** Waits until the sink has no record left to deliver, at most SINK_MS: a broker that is away is not waited for longer. */
  async sinkTotals(sink: string): Promise<SinkTotals> {
    const deadlineMs = performance.now() + SINK_MS
    let totals = await this.#admin.sinkTotals(sink)
    while (totals.accepted > totals.delivered + totals.dropped && performance.now() < deadlineMs) {
      await sleep(COUNTS_EVERY_MS)
      totals = await this.#admin.sinkTotals(sink)
    }
    return totals
  }

  /** One call that fails is made good by the next; a dead proxy is noticed elsewhere. */
  async #repeat(everyMs: number, read: () => Promise<unknown>): Promise<void> {
    while (!this.#stopped) {
      await read().catch(() => {})
      await sleep(everyMs)
    }
  }

  async #readCounts(): Promise<ExperimentView> {
    this.experiment = await this.#admin.experiment()
    return this.experiment
  }

  async #readDifferences(): Promise<void> {
    this.differences.add(await this.#admin.disagreements())
  }
}

function isSettled({ counts, latency }: ExperimentView, answered: number): boolean {
  const closed = counts.sent === counts.pairs + total(counts.unpaired)
  return counts.eligible >= answered && closed && (answered === 0 || latency !== null)
}
