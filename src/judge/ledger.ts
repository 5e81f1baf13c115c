import { addCounts, emptyCounts, type SealedWindow, type WindowCounts } from '../wire/window.ts'

/** An hour of one-second windows of one thread; the counts they add up to are kept for ever. */
export const WINDOWS_KEPT = 3600

interface Entry {
  readonly counts: WindowCounts
  readonly windows: SealedWindow[]
  /** Windows ever added, kept or not. */
  sealed: number
  /** Last second per origin: an origin's windows of one experiment seal in order, so nothing older can be new. */
  readonly lastSecond: Map<string, number>
}

/** The sealed windows, each counted once, folded per experiment. What is folded is exact whatever is delivered twice. */
export class Ledger {
  readonly #entries = new Map<string, Entry>()
  #duplicates = 0

  /** Windows that came a second time. */
  get duplicates(): number {
    return this.#duplicates
  }

  /** false: this window, by experiment, origin and second, is in already. */
  add(window: SealedWindow): boolean {
    let entry = this.#entries.get(window.experiment)
    if (entry === undefined) {
      entry = { counts: emptyCounts(), windows: [], sealed: 0, lastSecond: new Map() }
      this.#entries.set(window.experiment, entry)
    }
    if (window.second <= (entry.lastSecond.get(window.origin) ?? Number.NEGATIVE_INFINITY)) {
      this.#duplicates++
      return false
    }
    entry.lastSecond.set(window.origin, window.second)
    addCounts(entry.counts, window.counts)
    entry.sealed++
    entry.windows.push(window)
    // Cut in blocks: shifting an array of thousands for each window would cost more than the window.
    if (entry.windows.length >= 2 * WINDOWS_KEPT) entry.windows.splice(0, entry.windows.length - WINDOWS_KEPT)
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

  /** The newest `limit` windows (at most WINDOWS_KEPT) in the order they were added, newest last. */
  windows(experiment: string, limit: number): SealedWindow[] {
    const kept = Math.min(limit, WINDOWS_KEPT)
    return kept <= 0 ? [] : (this.#entries.get(experiment)?.windows.slice(-kept) ?? [])
  }

  /** Experiments that have windows, in the order they appeared. */
  experiments(): string[] {
    return [...this.#entries.keys()]
  }
}
