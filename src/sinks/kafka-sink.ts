import type { KafkaSinkPlan } from '../config/snapshot.ts'
import { KafkaBatches } from './kafka-batches.ts'
import { classifyFailure, REFUSAL_REASONS, type KafkaFailure } from './kafka-failure.ts'
import { KafkaSession } from './kafka.ts'
import { quietLog } from './quiet-log.ts'
import { RecordQueue, recordBytes, type QueueLimits } from './record-queue.ts'
import type { Sink, SinkLog, SinkRecord, SinkStats } from './sink.ts'
import { within } from './within.ts'

/** A broker cuts the connection, without a word of why, when a request is far over its limits. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024

/** No acknowledgement for this long: something hangs, and only new connections have been seen to end that. */
const WATCHDOG_MS = 10_000

/** A broker that is simply away is waited for with the same producer (its sequence numbers rule out duplicates). */
const AWAY_ATTEMPTS = 30

const FIRST_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 2_000
const DENIED_BACKOFF_MS = 10_000
const DISCONNECT_MS = 1_000

/**
 * - `connecting`: a new session connects; the watchdog gives it up when that hangs. Entered by the constructor.
 * - `idle`: connected, nothing waits.
 * - `ready`: connected, records gather until the linger is over or a batch is full.
 * - `sending`: one batch is under way; never more than one (see KafkaSession).
 * - `backoff`: something failed; the timer tries again, on the session if that is still good, else on a new one.
 * - `closed`: for good.
 *
 *     connecting -> idle <-> ready -> sending -> idle | ready | sending
 *     connecting | sending -> backoff -> connecting | sending;  sending -> connecting (stalled);  any -> closed
 */
type State =
  | { readonly kind: 'connecting'; readonly session: KafkaSession; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'idle'; readonly session: KafkaSession }
  | { readonly kind: 'ready'; readonly session: KafkaSession; readonly timer: NodeJS.Timeout; readonly full: boolean }
  | Sending
  | { readonly kind: 'backoff'; readonly session: KafkaSession | null; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed' }

interface Sending {
  readonly kind: 'sending'
  readonly session: KafkaSession
  readonly timer: NodeJS.Timeout
  readonly batch: readonly SinkRecord[]
}

/**
 * Publishes records to Kafka, in order, at least once: `delivered` means acknowledged as `acks` says. Records wait in a
 * bounded queue while the broker is away. `dropped` counts `queue_full`, `too_large` and `refused` (the broker will never
 * take the record) and `shutdown` (not known to have arrived when the sink closed).
 */
export class KafkaSink implements Sink {
  readonly name = 'kafka'
  readonly #plan: KafkaSinkPlan
  readonly #queue: RecordQueue
  readonly #batches: KafkaBatches
  readonly #log: SinkLog
  readonly #quietLog: SinkLog
  #state: State
  #up = false
  /** Failures in a row. */
  #failures = 0
  /** When the first attempt was made of what is being attempted now. */
  #tryingSinceMs = 0
  #topicsChecked = false
  #closing: { drained: () => void; done: Promise<void> } | null = null

  /** Starts to connect in the background. */
  constructor(plan: KafkaSinkPlan, log: SinkLog, limits: QueueLimits) {
    this.#plan = plan
    this.#log = log
    this.#quietLog = quietLog(log)
    this.#queue = new RecordQueue(limits, [...REFUSAL_REASONS, 'shutdown'])
    this.#batches = new KafkaBatches(this.#queue)
    if (plan.tls?.insecure === true)
      log('warn', 'the broker certificate is not verified (insecure: true)', this.#where())
    this.#state = this.#connecting()
  }

  offer(record: SinkRecord): boolean {
    if (this.#closing !== null) return this.#queue.refuse('shutdown')
    const bytes = recordBytes(record)
    if (bytes > MAX_RECORD_BYTES) return this.#queue.refuse('too_large')
    const taken = this.#queue.offer(record, bytes)
    const state = this.#state
    if (state.kind === 'idle') this.#next(state.session)
    else if (state.kind === 'ready' && !state.full && this.#batches.isFull) {
      clearTimeout(state.timer)
      this.#gather(state.session, 0)
    }
    return taken
  }

  stats(): SinkStats {
    return { up: this.#up, ...this.#queue.counts() }
  }

  close(deadlineMs: number): Promise<void> {
    if (this.#closing !== null) return this.#closing.done
    const { promise: drained, resolve } = Promise.withResolvers<void>()
    const done = this.#finish(drained, performance.now() + deadlineMs)
    this.#closing = { drained: resolve, done }
    const state = this.#state
    if (this.#queue.pending === 0) resolve()
    else if (state.kind === 'ready' || state.kind === 'backoff') {
      clearTimeout(state.timer)
      this.#resume(state.session)
    }
    return done
  }

  #connecting(): State {
    const session = new KafkaSession(this.#plan, this.#quietLog)
    const state: State = { kind: 'connecting', session, timer: this.#watchdog(WATCHDOG_MS) }
    session.connect(!this.#topicsChecked).then(
      () => {
        if (this.#state === state) this.#connected(state)
      },
      (error: unknown) => {
        if (this.#state === state) this.#failed(classifyFailure(error))
      },
    )
    return state
  }

  #connected(state: Extract<State, { kind: 'connecting' }>): void {
    clearTimeout(state.timer)
    this.#topicsChecked = true
    // Where something failed to be sent, only its acknowledgement shows that the broker is back.
    if (this.#failures === 0 || this.#queue.pending === 0) this.#recovered()
    this.#tryingSinceMs = performance.now()
    this.#next(state.session)
  }

  /** After an acknowledgement or a connect: sends, gathers or rests, as the queue asks for. */
  #next(session: KafkaSession): void {
    if (this.#queue.pending === 0) {
      this.#state = { kind: 'idle', session }
      this.#closing?.drained()
    } else if (this.#closing !== null || this.#batches.isOneByOne) this.#send(session)
    else this.#gather(session, this.#batches.isFull ? 0 : this.#plan.lingerMs)
  }

  /** Also a full batch waits for the next turn of the event loop: `offer` must not pay for its encoding. */
  #gather(session: KafkaSession, forMs: number): void {
    this.#state = { kind: 'ready', session, full: forMs === 0, timer: setTimeout(() => this.#send(session), forMs) }
  }

  #send(session: KafkaSession): void {
    const batch = this.#batches.next()
    if (this.#failures === 0) this.#tryingSinceMs = performance.now()
    const leftMs = WATCHDOG_MS - (performance.now() - this.#tryingSinceMs)
    const state: Sending = { kind: 'sending', session, batch, timer: this.#watchdog(Math.max(0, leftMs)) }
    this.#state = state
    session.send(batch).then(
      () => {
        if (this.#state === state) this.#sent(state)
      },
      (error: unknown) => {
        if (this.#state === state) this.#notSent(state, classifyFailure(error))
      },
    )
  }

  #sent({ session, timer, batch }: Sending): void {
    clearTimeout(timer)
    this.#batches.delivered(batch)
    this.#recovered()
    this.#next(session)
  }

  #notSent({ session, timer, batch }: Sending, failure: KafkaFailure): void {
    if (failure.kind !== 'refused') {
      this.#batches.unsure(batch)
      this.#failed(failure)
      return
    }
    clearTimeout(timer)
    if (this.#batches.refused(batch, failure.reason) === 'divided') {
      session.abandon()
      this.#state = this.#connecting()
      return
    }
    this.#quietLog('warn', 'the broker refused a record, which is dropped', {
      ...this.#where(),
      id: batch[0]?.event.id ?? '',
      error: failure.message,
    })
    this.#recovered()
    this.#next(session)
  }

  /** A connect or send failed and will be tried again after a pause. */
  #failed(failure: KafkaFailure): void {
    const state = this.#state
    if (state.kind !== 'connecting' && state.kind !== 'sending') return
    clearTimeout(state.timer)
    this.#wentDown(failure.message)
    if (failure.kind === 'topic') this.#topicsChecked = false
    let session: KafkaSession | null = state.session
    if (state.kind === 'connecting' || !this.#canGoOn(failure)) {
      session.abandon()
      session = null
      this.#batches.forgetDoubt()
    }
    const backoffMs =
      failure.kind === 'denied'
        ? DENIED_BACKOFF_MS
        : Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures, 10))
    this.#failures += 1
    this.#state = { kind: 'backoff', session, timer: setTimeout(() => this.#resume(session), backoffMs) }
  }

  /** Whether the session may be kept for the next attempt. */
  #canGoOn({ kind }: KafkaFailure): boolean {
    if (kind === 'away') {
      this.#tryingSinceMs = performance.now() // nothing hangs: the next attempt has its full time again
      return this.#failures < AWAY_ATTEMPTS
    }
    return kind === 'unsure' && performance.now() - this.#tryingSinceMs < WATCHDOG_MS
  }

  #resume(session: KafkaSession | null): void {
    if (session === null) this.#state = this.#connecting()
    else this.#send(session)
  }

  #watchdog(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      const state = this.#state
      if (state.kind !== 'connecting' && state.kind !== 'sending') return
      this.#wentDown(`no answer for ${WATCHDOG_MS / 1e3} s`)
      this.#failures += 1
      this.#batches.forgetDoubt()
      state.session.abandon()
      this.#state = this.#connecting()
    }, afterMs)
  }

  #wentDown(error: string): void {
    if (this.#up || this.#failures === 0) {
      this.#log('warn', 'Kafka cannot be reached; records wait in memory until it can', { ...this.#where(), error })
    }
    this.#up = false
  }

  #recovered(): void {
    if (this.#failures > 0) this.#log('info', 'Kafka takes records again', this.#where())
    this.#up = true
    this.#failures = 0
  }

  async #finish(drained: Promise<void>, deadlineAtMs: number): Promise<void> {
    await within(drained, deadlineAtMs - performance.now())
    const state = this.#state
    this.#state = { kind: 'closed' }
    if ('timer' in state) clearTimeout(state.timer)
    const lost = this.#queue.pending
    this.#queue.drop(lost, 'shutdown')
    if (lost > 0) this.#log('warn', 'closed before Kafka took everything', { ...this.#where(), lost })
    this.#up = false
    if (!('session' in state) || state.session === null) return
    if (state.kind === 'idle') {
      await within(state.session.disconnect(), Math.min(DISCONNECT_MS, deadlineAtMs - performance.now()))
    }
    state.session.abandon()
  }

  #where(): Record<string, string> {
    return { brokers: this.#plan.brokers.join(',') }
  }
}
