import { zeroes } from '../wire/outcomes.ts'
import { addCounts, emptyCounts, type SealedWindow, type WindowCounts } from '../wire/window.ts'
import { MemoryWindows, type WindowArchive } from './window-archive.ts'

/** Why a window was not counted. */
export const IGNORED_REASONS = [
  'duplicate', // this window, by experiment, origin and second, is in already
  'late', // its origin has sealed a later second before: it is in already, or out of order
  'unknown_experiment', // no configuration has named its experiment, or so long ago that it is forgotten
  'corrupt', // it is no window
] as const
export type IgnoredReason = (typeof IGNORED_REASONS)[number]

/**
 * Origins whose last second is remembered, per experiment: each thread of each run of the process is one. What is older
 * than a forgotten one's last second is taken from origins that are remembered only.
 */
export const ORIGINS_KEPT = 512

/** After that a dashboard has seen the end of an experiment. */
const RECENT_SECONDS = 3600

/** What the windows of one experiment add up to, and what it takes to add each once. */
export interface LedgerEntry {
  readonly counts: WindowCounts
  /** Windows ever added, kept or not. */
  sealed: number
  newestSecond: number
  /** Last second per origin: an origin's windows of one experiment seal in order, so nothing older can be new. */
  readonly lastSecond: Map<string, number>
  /** The latest last second of an origin that is forgotten. */
  forgottenSecond: number
}

/** The sealed windows, each counted once, folded per experiment. What is folded is exact whatever is delivered twice. */
export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>()
  readonly #archive: WindowArchive
  readonly #ignored = zeroes(IGNORED_REASONS)

  constructor(archive: WindowArchive = new MemoryWindows()) {
    this.#archive = archive
  }

  /** Windows that were not counted, since the process started. */
  get ignored(): Readonly<Record<IgnoredReason, number>> {
    return this.#ignored
  }

  ignore(reason: IgnoredReason): void {
    this.#ignored[reason]++
  }

  /** Goes on with what was kept of an experiment. */
  restore(experiment: string, entry: LedgerEntry): void {
    this.#entries.set(experiment, entry)
  }

  /** false: this window is in already, or came too late; it is counted as ignored. */
  add(window: SealedWindow): boolean {
    const { experiment, origin, second } = window
    let entry = this.#entries.get(experiment)
    if (entry === undefined) this.#entries.set(experiment, (entry = emptyEntry()))
    if (second <= (entry.lastSecond.get(origin) ?? entry.forgottenSecond)) {
      this.ignore(this.#archive.has(window) ? 'duplicate' : 'late')
      return false
    }
    entry.lastSecond.set(origin, second)
    if (entry.lastSecond.size > ORIGINS_KEPT) forgetOldestOrigin(entry)
    entry.newestSecond = Math.max(entry.newestSecond, second)
    addCounts(entry.counts, window.counts)
    entry.sealed++
    this.#archive.add(window)
    return true
  }

  /** The sum of all windows of the experiment; zeroes when there are none. The caller's own copy. */
  counts(experiment: string): WindowCounts {
    const counts = emptyCounts()
    const entry = this.#entries.get(experiment)
    if (entry !== undefined) addCounts(counts, entry.counts)
    return counts
  }

  /** How many windows the experiment has had. */
  sealed(experiment: string): number {
    return this.#entries.get(experiment)?.sealed ?? 0
  }

  /** Of the experiment's windows, seconds since the epoch; null before there is one. */
  newestSecond(experiment: string): number | null {
    return this.#entries.get(experiment)?.newestSecond ?? null
  }

  /** What a restart needs, to be read at once: the counts go on. null before there is a window. */
  entry(experiment: string): Readonly<LedgerEntry> | null {
    return this.#entries.get(experiment) ?? null
  }

  /** The newest `limit` windows that are kept, newest last. */
  windows(experiment: string, limit: number): SealedWindow[] {
    return this.#archive.newest(experiment, limit)
  }

  /** Experiments that have windows, in the order they appeared. */
  experiments(): string[] {
    return [...this.#entries.keys()]
  }

  /** Those with windows within an hour of the newest of all. What has ended before is still known, and no longer watched. */
  recentExperiments(): string[] {
    const newest = Math.max(0, ...[...this.#entries.values()].map(({ newestSecond }) => newestSecond))
    return this.experiments().filter(id => newest - (this.newestSecond(id) ?? 0) < RECENT_SECONDS)
  }

  /** As if the experiment had never been. */
  forget(experiment: string): void {
    this.#entries.delete(experiment)
    this.#archive.forget(experiment)
  }
}

function emptyEntry(): LedgerEntry {
  return {
    counts: emptyCounts(),
    sealed: 0,
    newestSecond: 0,
    lastSecond: new Map(),
    forgottenSecond: Number.NEGATIVE_INFINITY,
  }
}

function forgetOldestOrigin(entry: LedgerEntry): void {
  let oldest: readonly [origin: string, second: number] = ['', Number.POSITIVE_INFINITY]
  for (const each of entry.lastSecond) if (each[1] < oldest[1]) oldest = each
  entry.lastSecond.delete(oldest[0])
  entry.forgottenSecond = Math.max(entry.forgottenSecond, oldest[1])
}
