const SAMPLE_MS = 50
/** A thread this late has lost twice a typical answer time: copies are given up before clients feel more of it. */
const SHED_MS = 100

/** How late this thread's event loop runs its timers: the worst lateness since the last reading. */
export class LoopLag {
  #worstMs = 0
  #lastMs = 0
  #expectedMs = performance.now() + SAMPLE_MS
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS)
  }

  /** The last sample was late enough to shed shadows. */
  get shedding(): boolean {
    return this.#lastMs > SHED_MS
  }

  /** Milliseconds; a reading starts a new interval. */
  read(): number {
    const worst = this.#worstMs
    this.#worstMs = 0
    return worst
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #sample(): void {
    const nowMs = performance.now()
    this.#lastMs = nowMs - this.#expectedMs
    this.#worstMs = Math.max(this.#worstMs, this.#lastMs)
    this.#expectedMs = nowMs + SAMPLE_MS
  }
}
