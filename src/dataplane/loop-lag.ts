const SAMPLE_MS = 50
/** Timers count in whole milliseconds: an idle loop is late by up to one. */
const TIMER_STEP_MS = 1
/**
 * A thread this late makes clients wait: copies are given up before they feel more of it. Not less: on a machine whose
 * cores others want too, 50 ms is a usual time to wait for one (measured: a load of 14 on two cores).
 */
const SHED_MS = 100
/** A thread this late is late for every client; whoever is refused at once may find a replica that is not. */
const REFUSE_MS = 1_000

/**
 * How late this thread's event loop runs its timers. Late once is a pause that is over (a collection, a machine that did
 * something else): there is nothing to gain by giving up what came after it. Late twice in a row is too much work.
 */
export class LoopLag {
  #worstMs = 0
  #lastMs = 0
  #beforeMs = 0
  /** The first sample only sets the clock: a thread that starts is late because it starts. */
  #expectedMs = Infinity
  readonly #timer: NodeJS.Timeout
  readonly #onLag: (lagUs: number) => void

  /**
   * `onLag`: how late the loop is, microseconds, as one sees who looks each 50 ms, also while the loop was too late to
   * look: a pause of 100 ms is seen as 100, 50 and 0 ms.
   */
  constructor(onLag: (lagUs: number) => void = () => {}) {
    this.#onLag = onLag
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS)
  }

  get shedding(): boolean {
    return this.#lateFor(SHED_MS)
  }

  get refusing(): boolean {
    return this.#lateFor(REFUSE_MS)
  }

  /** The worst since the last reading, milliseconds. */
  read(): number {
    const worst = this.#worstMs
    this.#worstMs = 0
    return worst
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The last two samples were this late, or the last one and the one that is due. */
  #lateFor(ms: number): boolean {
    return this.#lastMs > ms && (this.#beforeMs > ms || performance.now() - this.#expectedMs > ms)
  }

  #sample(): void {
    const isFirst = this.#expectedMs === Infinity
    this.#beforeMs = this.#lastMs
    this.#lastMs = Math.max(0, performance.now() - this.#expectedMs)
    if (!isFirst) this.#tell(this.#lastMs)
    this.#worstMs = Math.max(this.#worstMs, this.#lastMs)
    this.#expectedMs = performance.now() + SAMPLE_MS
  }

  #tell(lateMs: number): void {
    for (let ms = lateMs; ms >= 0; ms -= SAMPLE_MS) this.#onLag(Math.max(0, ms - TIMER_STEP_MS) * 1e3)
  }
}
