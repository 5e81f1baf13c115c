import type { SinkRecord, SinkStats } from './sink.ts'

/** Whichever bound is reached first makes the queue full. */
export interface QueueLimits {
  readonly records: number
  readonly bytes: number
}

/**
 * Share of both limits that only windows may use beyond them. Verdicts are computed again from windows, of which there is
 * one a second for each experiment and thread: pairs that come by the thousand must not take their place.
 */
const WINDOWS_RESERVE = 1 / 8

/** What a record holds in memory beside its value: key, event attributes, the objects themselves. */
const RECORD_OVERHEAD_BYTES = 256

/** Compacting the array costs a copy: worth it once this many delivered records lie at its front. */
const COMPACT_AFTER_RECORDS = 4096

interface Entry {
  readonly record: SinkRecord
  readonly bytes: number
}

/**
 * The line of records that wait for a sink, and the books on them. A record stays in line until it is delivered or
 * dropped, also while it is being sent: a batch that fails is still at the head, in its order, and the law
 * `accepted = delivered + sum of dropped + pending` holds after every call.
 */
export class RecordQueue {
  readonly #limits: QueueLimits
  #entries: Entry[] = []
  #head = 0
  #bytes = 0
  #accepted = 0
  #delivered = 0
  readonly #dropped: Record<string, number>

  /** `reasons` are the drop reasons that exist from the start (with a zero); `queue_full` always does. */
  constructor(limits: QueueLimits, reasons: readonly string[]) {
    this.#limits = limits
    this.#dropped = Object.fromEntries(['queue_full', ...reasons].map(reason => [reason, 0]))
  }

  get pending(): number {
    return this.#entries.length - this.#head
  }

  /** Estimated memory of what is pending, bytes. */
  get pendingBytes(): number {
    return this.#bytes
  }

  /** Takes the record to the end of the line. false: the queue is full and the record (the newest) is dropped. */
  offer(record: SinkRecord, bytes = recordBytes(record)): boolean {
    const share = record.stream === 'windows' ? 1 + WINDOWS_RESERVE : 1
    const { records: maxRecords, bytes: maxBytes } = this.#limits
    if (this.pending >= maxRecords * share || this.#bytes + bytes > maxBytes * share) return this.refuse('queue_full')
    this.#accepted += 1
    this.#bytes += bytes
    this.#entries.push({ record, bytes })
    return true
  }

  /** Counts a record that never gets in line. Always false, for `return queue.refuse(...)`. */
  refuse(reason: string): false {
    this.#accepted += 1
    this.#countDropped(1, reason)
    return false
  }

  /** The oldest records that fit both limits, and at least one if there is any. They stay in line. */
  peek(maxRecords: number, maxBytes: number): readonly SinkRecord[] {
    const batch: SinkRecord[] = []
    let bytes = 0
    for (let i = this.#head; i < this.#entries.length && batch.length < maxRecords; i++) {
      const entry = this.#entries[i] as Entry
      bytes += entry.bytes
      if (bytes > maxBytes && batch.length > 0) break
      batch.push(entry.record)
    }
    return batch
  }

  /** The `count` oldest records have arrived. */
  delivered(count: number): void {
    this.#delivered += this.#removeOldest(count)
  }

  /** The `count` oldest records are given up. */
  drop(count: number, reason: string): void {
    this.#countDropped(this.#removeOldest(count), reason)
  }

  counts(): Omit<SinkStats, 'up'> {
    return {
      accepted: this.#accepted,
      delivered: this.#delivered,
      dropped: { ...this.#dropped },
      pending: this.pending,
    }
  }

  #removeOldest(count: number): number {
    const removed = Math.min(count, this.pending)
    for (let i = this.#head; i < this.#head + removed; i++) this.#bytes -= (this.#entries[i] as Entry).bytes
    this.#head += removed
    if (this.#head === this.#entries.length) {
      this.#entries = []
      this.#head = 0
    } else if (this.#head >= COMPACT_AFTER_RECORDS && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
    return removed
  }

  #countDropped(count: number, reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count
  }
}

/** What a record is reckoned at, in the queue and in batches: its value as UTF-8 plus what hangs on it. */
export function recordBytes(record: SinkRecord): number {
  return Buffer.byteLength(record.value) + RECORD_OVERHEAD_BYTES
}
