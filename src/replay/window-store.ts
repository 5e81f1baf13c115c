import type { SealedWindow } from '../wire/window.ts'

/** A window that waits to be judged. Its counts are kept as JSON: objects would take several times the memory. */
interface StoredWindow {
  readonly origin: string
  readonly second: number
  readonly sealedAtUs: number
  readonly counts: string
}

/** The windows of one experiment, each once, whatever order they were read in. */
export class WindowStore {
  readonly #experiment: string
  readonly #windows = new Map<string, StoredWindow>()

  constructor(experiment: string) {
    this.#experiment = experiment
  }

  get size(): number {
    return this.#windows.size
  }

  /** false: the window of this origin and second is in already. */
  add({ origin, second, sealedAtUs, counts }: SealedWindow): boolean {
    const key = `${origin} ${second}`
    if (this.#windows.has(key)) return false
    // Without a word on it, it was sealed as soon as it could be.
    const sealed = sealedAtUs ?? (second + 1) * 1e6
    this.#windows.set(key, { origin, second, sealedAtUs: sealed, counts: JSON.stringify(counts) })
    return true
  }

  /** In the order in which they were sealed, which is the one a judge saw them in. */
  *inOrder(): Generator<SealedWindow> {
    const ordered = [...this.#windows.values()].sort(
      (a, b) => a.sealedAtUs - b.sealedAtUs || a.second - b.second || (a.origin < b.origin ? -1 : 1),
    )
    for (const { origin, second, counts } of ordered) {
      yield {
        schema: 'understudy.window/1',
        experiment: this.#experiment,
        origin,
        second,
        counts: JSON.parse(counts) as SealedWindow['counts'],
      }
    }
  }
}
