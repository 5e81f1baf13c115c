import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { anchorClock } from '../clock.ts'
import type { Snapshot } from '../config/snapshot.ts'
import type { AnalysisToControl, DataPlaneToControl, LogMessage } from '../wire/messages.ts'
import type { Log } from './log.ts'
import type { ControlState } from './state.ts'
import { AnalysisThread, DataPlaneThread } from './threads.ts'

/** In-flight requests and shadows get this long; orchestrators kill after 30 s by default. */
const DRAIN_MS = 20_000
const ANALYSIS_DRAIN_MS = 5_000
/** A thread that dies is started again after this, so that one that dies at once does not take a core. */
const RESTART_MS = 200
/** More deaths than this within a minute: the process cannot serve. */
const DEATHS_PER_MINUTE = 5

/**
 * Starts, feeds, restarts and drains the other threads. States: starting > serving > draining > drained; a thread that
 * dies while serving is replaced, and its open windows are closed as lost.
 */
export class Supervisor {
  /** Called when the process cannot serve any more. */
  onFatal: (message: string) => void = () => {}
  readonly #log: Log
  readonly #state: ControlState
  readonly #clock = anchorClock()
  readonly #originPrefix = `${hostname().replaceAll('/', '-')}/${randomBytes(4).toString('hex')}`
  readonly #dataPlanes = new Map<number, DataPlaneThread>()
  readonly #waiting = new Set<Waiting>()
  readonly #deathsMs: number[] = []
  #analysis: AnalysisThread
  #origins = 0
  #port = 0

  constructor(state: ControlState, log: Log) {
    this.#state = state
    this.#log = log
    this.#analysis = this.#startAnalysis()
  }

  /** Starts all data-plane threads. @returns the port they listen on. Rejects when it cannot be opened. */
  async start(): Promise<number> {
    const { listen } = this.#state.snapshot
    const threads = hasReusePort() ? listen.threads : 1
    if (threads < listen.threads) this.#log.warn('this platform has no SO_REUSEPORT: one data-plane thread', {})
    this.#port = listen.port
    // The first one finds the port when the file says 0; the others share it.
    this.#port = await this.#startDataPlane(0)
    await Promise.all(Array.from({ length: threads - 1 }, (_, i) => this.#startDataPlane(i + 1)))
    this.#state.ready = true
    return this.#port
  }

  /** Analysis first: frames must never name a revision it does not know. Resolves when every thread has it. */
  async apply(snapshot: Snapshot): Promise<void> {
    await this.#applyToAnalysis(snapshot)
    this.#state.snapshot = snapshot
    const applied = [...this.#dataPlanes.keys()].map(thread =>
      // The successor of one that is gone starts with this snapshot.
      this.#hear(m => m.from === thread && (m.message.kind === 'gone' || isApplied(m.message, snapshot))),
    )
    const spending = this.#state.spending.memoryFor(snapshot)
    for (const dataPlane of this.#dataPlanes.values()) dataPlane.send({ kind: 'snapshot', snapshot, spending })
    await Promise.all(applied)
  }

  /** In-flight requests finish, pairs settle, sinks flush. */
  async drain(): Promise<void> {
    this.#state.draining = true
    this.#state.ready = false
    const drained = [...this.#dataPlanes.keys()].map(thread =>
      this.#hear(m => m.from === thread && (m.message.kind === 'gone' || m.message.kind === 'drained')),
    )
    for (const dataPlane of this.#dataPlanes.values()) dataPlane.send({ kind: 'drain', deadlineMs: DRAIN_MS })
    await Promise.all(drained)
    const analysed = this.#hear(m => m.from === 'analysis' && m.message.kind === 'drained')
    this.#analysis.send({ kind: 'drain', deadlineMs: ANALYSIS_DRAIN_MS })
    await analysed
  }

  async #applyToAnalysis(snapshot: Snapshot): Promise<void> {
    const answered = this.#hear(
      m => m.from === 'analysis' && (m.message.kind === 'gone' || isApplied(m.message, snapshot)),
    )
    this.#analysis.send({ kind: 'snapshot', snapshot })
    // The successor of one that is gone started with the snapshot before.
    if ((await answered).message.kind === 'gone') await this.#applyToAnalysis(snapshot)
  }

  #startAnalysis(): AnalysisThread {
    const { snapshot, judge } = this.#state
    return new AnalysisThread(
      { clock: this.#clock, snapshot, firstSeconds: judge.firstSeconds() },
      message => this.#fromAnalysis(message),
      error => this.#analysisGone(error),
    )
  }

  #startDataPlane(thread: number): Promise<number> {
    const snapshot = this.#state.snapshot
    const origin = `${this.#originPrefix}/${this.#origins++}`
    const dataPlane = new DataPlaneThread(
      thread,
      origin,
      {
        snapshot: { ...snapshot, listen: { ...snapshot.listen, port: this.#port } },
        spending: this.#state.spending.memoryFor(snapshot),
        clock: this.#clock,
        reusePort: hasReusePort(),
        analysis: this.#analysis,
      },
      message => this.#fromDataPlane(thread, message),
      error => this.#dataPlaneGone(dataPlane, error),
    )
    this.#dataPlanes.set(thread, dataPlane)
    return new Promise((resolve, reject) => {
      void this.#hear(m => {
        if (m.from !== thread) return false
        if (m.message.kind === 'listening') resolve(m.message.port)
        if (m.message.kind === 'failed') reject(new Error(m.message.message))
        return m.message.kind === 'listening' || m.message.kind === 'failed'
      })
    })
  }

  #fromAnalysis(message: AnalysisToControl): void {
    if (message.kind === 'report') this.#state.take(message.report)
    if (message.kind === 'log') this.#write(message)
    this.#tell({ from: 'analysis', message })
  }

  #fromDataPlane(thread: number, message: DataPlaneToControl): void {
    if (message.kind === 'counters') this.#state.threads.set(thread, message.counters)
    if (message.kind === 'log') this.#write(message)
    this.#tell({ from: thread, message })
  }

  #dataPlaneGone(dataPlane: DataPlaneThread, error: Error | null): void {
    this.#state.threadGone(dataPlane.thread)
    this.#dataPlanes.delete(dataPlane.thread)
    this.#tell({ from: dataPlane.thread, message: GONE })
    if (this.#state.draining) return
    this.#analysis.send({ kind: 'detach', origin: dataPlane.origin, crashed: true })
    if (!this.#mayRestart('data-plane', error)) return
    setTimeout(() => {
      this.#startDataPlane(dataPlane.thread).catch((failure: Error) => this.onFatal(failure.message))
    }, RESTART_MS)
  }

  #analysisGone(error: Error | null): void {
    if (this.#state.draining) {
      this.#tell({ from: 'analysis', message: { kind: 'drained' } })
      return
    }
    if (!this.#mayRestart('analysis', error)) return
    // At once: clients are served without it, but pairs are lost until it is back.
    this.#analysis = this.#startAnalysis()
    for (const dataPlane of this.#dataPlanes.values()) dataPlane.reattach(this.#analysis)
    this.#tell({ from: 'analysis', message: GONE })
  }

  #mayRestart(kind: string, error: Error | null): boolean {
    const now = performance.now()
    this.#state.threadRestarts++
    this.#deathsMs.push(now)
    while (now - (this.#deathsMs[0] as number) > 60_000) this.#deathsMs.shift()
    this.#log.error('a thread ended, starting it again', {
      thread: kind,
      reason: error?.stack ?? error?.message ?? 'unknown',
    })
    if (this.#deathsMs.length <= DEATHS_PER_MINUTE) return true
    this.onFatal(`${this.#deathsMs.length} threads ended within a minute`)
    return false
  }

  #write(message: LogMessage): void {
    this.#log[message.level](message.message, message.fields)
  }

  /** Resolves with the first message the test says yes to. */
  #hear(test: (heard: Heard) => boolean): Promise<Heard> {
    return new Promise(resolve => {
      this.#waiting.add({ test, resolve })
    })
  }

  #tell(heard: Heard): void {
    for (const waiting of this.#waiting) {
      if (!waiting.test(heard)) continue
      this.#waiting.delete(waiting)
      waiting.resolve(heard)
    }
  }
}

/** The thread has ended: whoever waits for a word of it would wait for ever. */
const GONE = { kind: 'gone' } as const

type Heard =
  | { readonly from: 'analysis'; readonly message: AnalysisToControl | typeof GONE }
  | { readonly from: number; readonly message: DataPlaneToControl | typeof GONE }

function isApplied(message: Heard['message'], { revision }: Snapshot): boolean {
  return message.kind === 'applied' && message.revision === revision
}

interface Waiting {
  readonly test: (heard: Heard) => boolean
  readonly resolve: (heard: Heard) => void
}

function hasReusePort(): boolean {
  return process.platform === 'linux' || process.platform === 'freebsd'
}
