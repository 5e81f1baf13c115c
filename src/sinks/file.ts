import type { FileSinkPlan } from '../config/snapshot.ts'
import { RecordQueue, type QueueLimits } from './record-queue.ts'
import { RotatingFile } from './rotating-file.ts'
import type { Sink, SinkLog, SinkRecord, SinkStats } from './sink.ts'
import { within } from './within.ts'

/** Records are gathered this long before a write: one write for many, and still fresh for who follows the file. */
const LINGER_MS = 50
const BATCH_RECORDS = 1_000
const BATCH_BYTES = 1024 * 1024
const FIRST_BACKOFF_MS = 250
const MAX_BACKOFF_MS = 5_000

/**
 * - `idle`: nothing waits; the next record starts the linger.
 * - `lingering`: records gather; the timer starts the write.
 * - `writing`: batches are being written until nothing waits.
 * - `backoff`: the last write failed, its records are still first in line; the timer tries again.
 * - `closed`: for good.
 */
type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'lingering'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'writing' }
  | { readonly kind: 'backoff'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed' }

/**
 * Appends records of both streams as NDJSON to one rotating file. `delivered` means handed to the operating system. A
 * missing folder or a full disk makes it `up: false`; records wait in the queue and are dropped only when that is full.
 */
export class FileSink implements Sink {
  readonly name = 'file'
  readonly #path: string
  readonly #file: RotatingFile
  readonly #queue: RecordQueue
  readonly #log: SinkLog
  #state: State = { kind: 'idle' }
  #failures = 0
  #closing: { drained: () => void; done: Promise<void> } | null = null

  constructor(plan: FileSinkPlan, log: SinkLog, limits: QueueLimits) {
    this.#path = plan.path
    this.#file = new RotatingFile(plan)
    this.#queue = new RecordQueue(limits, ['shutdown'])
    this.#log = log
  }

  offer(record: SinkRecord): boolean {
    if (this.#closing !== null) return this.#queue.refuse('shutdown')
    const taken = this.#queue.offer(record)
    if (taken && this.#state.kind === 'idle') {
      this.#state = { kind: 'lingering', timer: setTimeout(() => void this.#write(), LINGER_MS) }
    }
    return taken
  }

  stats(): SinkStats {
    return { up: this.#failures === 0, ...this.#queue.counts() }
  }

  close(deadlineMs: number): Promise<void> {
    if (this.#closing !== null) return this.#closing.done
    const { promise: drained, resolve } = Promise.withResolvers<void>()
    const done = this.#finish(drained, deadlineMs)
    this.#closing = { drained: resolve, done }
    if (this.#queue.pending === 0) resolve()
    else this.#hurry()
    return done
  }

  /** Ends a wait, so that closing does not sit out a linger or a long backoff. */
  #hurry(): void {
    if (this.#state.kind !== 'lingering' && this.#state.kind !== 'backoff') return
    clearTimeout(this.#state.timer)
    void this.#write()
  }

  async #write(): Promise<void> {
    this.#state = { kind: 'writing' }
    try {
      while (this.#queue.pending > 0) {
        const batch = this.#queue.peek(BATCH_RECORDS, BATCH_BYTES)
        const written = await this.#file.append(batch.map(record => record.value))
        if (this.#isClosed()) return // too late: these are counted as dropped
        this.#queue.delivered(written)
        this.#recovered()
      }
      this.#state = { kind: 'idle' }
      this.#closing?.drained()
    } catch (error) {
      if (!this.#isClosed()) this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (this.#failures === 0) {
      this.#log('warn', 'the file sink cannot write; records wait in memory until it can', {
        path: this.#path,
        error: error instanceof Error ? error.message : String(error),
      })
    }
    const backoffMs = this.#closing === null ? FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures, 10) : FIRST_BACKOFF_MS
    this.#failures += 1
    const timer = setTimeout(() => void this.#write(), Math.min(MAX_BACKOFF_MS, backoffMs))
    this.#state = { kind: 'backoff', timer }
  }

  #recovered(): void {
    if (this.#failures > 0) this.#log('info', 'the file sink writes again', { path: this.#path })
    this.#failures = 0
  }

  async #finish(drained: Promise<void>, deadlineMs: number): Promise<void> {
    await within(drained, deadlineMs)
    const hung = this.#state.kind === 'writing'
    if (this.#state.kind === 'backoff') clearTimeout(this.#state.timer)
    this.#state = { kind: 'closed' }
    const lost = this.#queue.pending
    this.#queue.drop(lost, 'shutdown')
    if (lost > 0) this.#log('warn', 'the file sink closed before it could write everything', { path: this.#path, lost })
    // Closing a file waits for its write: one that hangs past the deadline is left to the end of the process.
    if (!hung) await this.#file.close().catch(() => undefined)
  }

  /** A method, because the state changes while `#write` awaits, which the compiler does not see. */
  #isClosed(): boolean {
    return this.#state.kind === 'closed'
  }
}
