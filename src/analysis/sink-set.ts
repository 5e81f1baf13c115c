import { isDeepStrictEqual } from 'node:util'
import type { SinksPlan } from '../config/snapshot.ts'
import type { Sink, SinkLog, SinkRecord, SinkStats } from '../sinks/sink.ts'
import type { SinkReport } from '../wire/messages.ts'

/** Replaced sinks deliver what they hold for this long. */
const CLOSE_REPLACED_MS = 30_000

type OpenSinks = (plan: SinksPlan, log: SinkLog) => Sink[]

/**
 * The sinks of the current configuration, and those of earlier ones while they finish. Totals by name never go back:
 * a replaced sink's deliveries stay in the count of its successor.
 */
export class SinkSet {
  readonly #open: OpenSinks
  readonly #log: SinkLog
  readonly #closing = new Map<Sink, Promise<void>>()
  readonly #closed = new Map<string, SinkStats>()
  #plan: SinksPlan
  #current: Sink[]

  constructor(plan: SinksPlan, open: OpenSinks, log: SinkLog) {
    this.#plan = plan
    this.#open = open
    this.#log = log
    this.#current = this.#openOrLog(plan) ?? []
  }

  get isEmpty(): boolean {
    return this.#current.length === 0
  }

  offer(record: SinkRecord): void {
    for (const sink of this.#current) sink.offer(record)
  }

  /** Opens the new sinks when the plan has changed, and closes the old ones in the background. */
  apply(plan: SinksPlan): void {
    if (isDeepStrictEqual(plan, this.#plan)) return
    const next = this.#openOrLog(plan)
    if (next === null) return
    const replaced = this.#current
    this.#plan = plan
    this.#current = next
    for (const sink of replaced) this.#close(sink, CLOSE_REPLACED_MS)
  }

  reports(): SinkReport[] {
    const totals = new Map<string, SinkStats>(this.#closed)
    for (const sink of [...this.#closing.keys(), ...this.#current]) {
      totals.set(sink.name, added(totals.get(sink.name), sink.stats()))
    }
    return [...totals].map(([sink, stats]) => ({ sink, ...stats }))
  }

  /** Delivers what is pending for at most `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    for (const sink of this.#current) this.#close(sink, deadlineMs)
    this.#current = []
    await Promise.race([Promise.all(this.#closing.values()), timeout(deadlineMs)])
  }

  #close(sink: Sink, deadlineMs: number): void {
    const done = sink.close(deadlineMs).then(() => {
      this.#closing.delete(sink)
      this.#closed.set(sink.name, { ...added(this.#closed.get(sink.name), sink.stats()), up: false })
    })
    this.#closing.set(sink, done)
  }

  #openOrLog(plan: SinksPlan): Sink[] | null {
    try {
      return this.#open(plan, this.#log)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log('error', 'the sinks of this configuration could not be opened, the earlier ones stay', { reason })
      return null
    }
  }
}

/** `up` is that of the newer one. */
function added(older: SinkStats | undefined, newer: SinkStats): SinkStats {
  if (older === undefined) return newer
  const dropped = { ...older.dropped }
  for (const [reason, count] of Object.entries(newer.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count
  return {
    up: newer.up,
    accepted: older.accepted + newer.accepted,
    delivered: older.delivered + newer.delivered,
    dropped,
    pending: older.pending + newer.pending,
  }
}

function timeout(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}
