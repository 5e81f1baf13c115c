/** Who waits for a verdict: told each time its experiment was looked at. */
export class VerdictWatch {
  readonly #waiting = new Map<string, Set<() => void>>()

  /** There was a new look at the experiment. */
  looked(experiment: string): void {
    for (const wake of this.#waiting.get(experiment) ?? []) wake()
  }

  /** Resolves when `isDone` says so after some look, or when the time is over. Asked at once as well. */
  async until(experiment: string, waitMs: number, isDone: () => boolean): Promise<void> {
    if (isDone() || waitMs <= 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => {
      if (isDone()) resolve()
    }
    const waiting = this.#waiting.get(experiment) ?? new Set()
    this.#waiting.set(experiment, waiting)
    waiting.add(wake)
    const timer = setTimeout(resolve, waitMs)
    await promise
    clearTimeout(timer)
    waiting.delete(wake)
  }
}
