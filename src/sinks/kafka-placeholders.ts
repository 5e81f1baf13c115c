import { randomBytes } from 'node:crypto'
import { withEncodedRecords } from './kafka-records.ts'
import { varint } from './kafka-varint.ts'
import type { SinkRecord } from './sink.ts'

/**
 * How records that are encoded here get into the batches of kafkajs, through what its interface has: it is handed a small
 * placeholder for each record, which costs it 1.5 us instead of 10 to 13, and its compression codec, which is given the
 * encoded placeholders of one partition, puts the records in their place and compresses those. Number and order stay, so
 * all that kafkajs writes around them (counts, offsets, sequence numbers, checksum) is right. Without compression there
 * is no codec, and no placeholders.
 *
 * The key of a placeholder is a mark and the number of the send, its value the index of the record in that send. The mark
 * is random: records of other clients, which are compressed as they are, cannot be taken for placeholders. Whatever else
 * is not as expected fails the send, so that neither a placeholder nor a wrong record is written.
 */
const MARK = randomBytes(16)
const NUMBER_BYTES = 4
const KEY_BYTES = MARK.length + NUMBER_BYTES
const INDEX_BYTES = 4
const BEFORE_INDEX = varint(INDEX_BYTES)
const AFTER_INDEX = varint(0) // no headers

/** By index and by offset, made as batches grow: at most as many as the largest batch has records. */
const indexes: Buffer[] = []
const beginnings: Buffer[] = []

/** By number, those that have not ended. */
const sends = new Map<number, PlaceholderSend>()
let lastNumber = 0

/** A message as kafkajs takes it; the partitioner, which kafkajs hands the object itself, needs the key of the record. */
export class Placeholder {
  readonly key: Buffer
  readonly value: Buffer
  readonly record: SinkRecord

  constructor(key: Buffer, value: Buffer, record: SinkRecord) {
    this.key = key
    this.value = value
    this.record = record
  }
}

/** Records handed to kafkajs, from the constructor to `end`. However often it encodes them, they are the same. */
export class PlaceholderSend {
  readonly #number: number
  /** By index: 1 once the record has taken the place of its placeholder. */
  readonly #replaced: Uint8Array
  /** One for each record, in the same order. */
  readonly placeholders: readonly Placeholder[]

  constructor(records: readonly SinkRecord[]) {
    lastNumber = (lastNumber + 1) >>> 0
    this.#number = lastNumber
    this.#replaced = new Uint8Array(records.length)
    const key = Buffer.alloc(KEY_BYTES)
    MARK.copy(key)
    key.writeUInt32BE(this.#number, MARK.length)
    this.placeholders = records.map((record, index) => new Placeholder(key, indexBytes(index), record))
    sends.set(this.#number, this)
  }

  /** undefined: the send has no such placeholder. */
  replace(index: number): SinkRecord | undefined {
    this.#replaced[index] = 1
    return this.placeholders[index]?.record
  }

  /** @throws when kafkajs has sent, as it says, what it never asked for: then it sent placeholders, or nothing. */
  assertAllReplaced(): void {
    const left = this.#replaced.filter(replaced => replaced === 0).length
    if (left === 0) return
    throw new TypeError(
      `kafkajs says that it has sent ${left} records that it never asked for: does something else in this process ` +
        'replace its codecs?',
    )
  }

  /** What kafkajs still tries to encode of this send fails from now on. */
  end(): void {
    sends.delete(this.#number)
  }
}

/**
 * The `compress` of a kafkajs codec: compresses the records that the placeholders stand for, and anything else as it is.
 * @throws (rejects) when placeholders are not encoded as expected, or their send has ended.
 */
export async function compressRecords(encoded: Buffer, compress: (bytes: Buffer) => Promise<Buffer>): Promise<Buffer> {
  return encoded.includes(MARK) ? withEncodedRecords(readPlaceholders(encoded), compress) : compress(encoded)
}

/** The records that these placeholders stand for, in their order. */
function readPlaceholders(encoded: Buffer): SinkRecord[] {
  const found: SinkRecord[] = []
  for (let at = 0; at < encoded.length; ) {
    const offset = found.length
    const markAt = skip(encoded, at, beginning(offset), offset)
    const numberAt = skip(encoded, markAt, MARK, offset)
    const indexAt = skip(encoded, numberAt + NUMBER_BYTES, BEFORE_INDEX, offset)
    at = skip(encoded, indexAt + INDEX_BYTES, AFTER_INDEX, offset)
    const send = sends.get(encoded.readUInt32BE(numberAt))
    if (send === undefined) throw new Error('kafkajs asks for the records of a send that has ended')
    const record = send.replace(encoded.readUInt32BE(indexAt))
    if (record === undefined) throw unexpectedEncoding(offset)
    found.push(record)
  }
  return found
}

/** The position behind `expected`. */
function skip(encoded: Buffer, at: number, expected: Buffer, offset: number): number {
  for (let i = 0; i < expected.length; i++) if (encoded[at + i] !== expected[i]) throw unexpectedEncoding(offset)
  return at + expected.length
}

function unexpectedEncoding(offset: number): Error {
  return new Error(
    `kafkajs encoded record ${offset} of a batch in a form that is not known here: the broker may be older than ` +
      'Kafka 0.11, or kafkajs of another version; `sinks.kafka.compression: none` does without that form',
  )
}

/** The value of a placeholder; the same object each time, because kafkajs copies it into buffers of its own. */
function indexBytes(index: number): Buffer {
  for (let next = indexes.length; next <= index; next++) {
    const bytes = Buffer.alloc(INDEX_BYTES)
    bytes.writeUInt32BE(next)
    indexes.push(bytes)
  }
  return indexes[index] as Buffer
}

/** What stands before the key of the placeholder that has this offset in its batch. */
function beginning(offset: number): Buffer {
  for (let next = beginnings.length; next <= offset; next++) {
    // Attributes and timestamp delta are 0: kafkajs gives all records of a batch one time unless they bring their own.
    const attributesToKey = Buffer.concat([Buffer.of(0), varint(0), varint(next), varint(KEY_BYTES)])
    const bodyBytes = attributesToKey.length + KEY_BYTES + BEFORE_INDEX.length + INDEX_BYTES + AFTER_INDEX.length
    beginnings.push(Buffer.concat([varint(bodyBytes), attributesToKey]))
  }
  return beginnings[offset] as Buffer
}
