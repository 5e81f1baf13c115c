import type { RefusalReason } from './kafka-failure.ts'
import type { RecordQueue } from './record-queue.ts'
import type { SinkRecord } from './sink.ts'

const BATCH_RECORDS = 500
const BATCH_BYTES = 512 * 1024

/** Below this a batch limit is not halved further when a topic takes only small batches. */
const MIN_BATCH_BYTES = 16 * 1024

/**
 * Which records of a queue are sent together. Two things decide besides the limits of a batch: one that may have been
 * written is sent again unchanged while its session lives (see KafkaSession), and the records of one that the broker
 * refused are sent alone, to find the one that it will never take.
 */
export class KafkaBatches {
  readonly #queue: RecordQueue
  #bytes = BATCH_BYTES
  /** The batch that the current session may have written: it must be sent again unchanged, or not by this session. */
  #inDoubt: readonly SinkRecord[] | null = null
  /** So many records at the head of the line are sent alone. */
  #oneByOne = 0

  constructor(queue: RecordQueue) {
    this.#queue = queue
  }

  /** Whether the next batch would be no larger for waiting. */
  get isFull(): boolean {
    return this.#queue.pending >= BATCH_RECORDS || this.#queue.pendingBytes >= this.#bytes
  }

  /** Whether the next record is sent alone, so that there is nothing to gather. */
  get isOneByOne(): boolean {
    return this.#oneByOne > 0
  }

  /** What to send now. The records stay in the queue until they are delivered or dropped. */
  next(): readonly SinkRecord[] {
    return this.#inDoubt ?? this.#queue.peek(this.isOneByOne ? 1 : BATCH_RECORDS, this.#bytes)
  }

  /** The batch is acknowledged. */
  delivered(batch: readonly SinkRecord[]): void {
    this.#inDoubt = null
    this.#oneByOne = Math.max(0, this.#oneByOne - batch.length)
    this.#queue.delivered(batch.length)
  }

  /** The batch failed, and may have been written all the same. */
  unsure(batch: readonly SinkRecord[]): void {
    this.#inDoubt = batch
  }

  /** The session that may have written a batch is gone: the next one may send what it likes. */
  forgetDoubt(): void {
    this.#inDoubt = null
  }

  /**
   * The broker will never take at least one record of the batch. `dropped`: it was the only one. `divided`: the records
   * are sent one by one from now on, by a new session: other partitions may have taken their part of the batch, so the
   * sequence numbers of this one are spent.
   */
  refused(batch: readonly SinkRecord[], reason: RefusalReason): 'divided' | 'dropped' {
    this.#inDoubt = null
    if (batch.length > 1) {
      this.#oneByOne = batch.length
      if (reason === 'too_large') this.#bytes = Math.max(MIN_BATCH_BYTES, this.#bytes / 2)
      return 'divided'
    }
    this.#oneByOne = Math.max(0, this.#oneByOne - 1)
    this.#queue.drop(1, reason)
    return 'dropped'
  }
}
