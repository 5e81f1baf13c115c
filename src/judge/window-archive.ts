import type { SealedWindow } from '../wire/window.ts'

/** An hour of one-second windows of one thread; the counts they add up to are kept for ever. */
export const WINDOWS_KEPT = 3600

/** The newest windows themselves: to look at, and to know one that comes a second time. */
export interface WindowArchive {
  /** A window that was counted just now. */
  add(window: SealedWindow): void
  has(window: Pick<SealedWindow, 'experiment' | 'origin' | 'second'>): boolean
  /** At most `limit`, newest last. */
  newest(experiment: string, limit: number): SealedWindow[]
  forget(experiment: string): void
}

/** Windows for as long as the process lives: the newest WINDOWS_KEPT of each experiment, in the order they were added. */
export class MemoryWindows implements WindowArchive {
  readonly #windows = new Map<string, SealedWindow[]>()

  add(window: SealedWindow): void {
    const windows = this.#windows.get(window.experiment)
    if (windows === undefined) {
      this.#windows.set(window.experiment, [window])
      return
    }
    windows.push(window)
    // Cut in blocks: shifting an array of thousands for each window would cost more than the window.
    if (windows.length >= 2 * WINDOWS_KEPT) windows.splice(0, windows.length - WINDOWS_KEPT)
  }

  has({ experiment, origin, second }: Pick<SealedWindow, 'experiment' | 'origin' | 'second'>): boolean {
    const windows = this.#windows.get(experiment) ?? []
    return windows.some(window => window.second === second && window.origin === origin)
  }

  newest(experiment: string, limit: number): SealedWindow[] {
    const kept = Math.min(limit, WINDOWS_KEPT)
    return kept <= 0 ? [] : (this.#windows.get(experiment)?.slice(-kept) ?? [])
  }

  forget(experiment: string): void {
    this.#windows.delete(experiment)
  }
}
