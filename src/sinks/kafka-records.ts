import { varint, varintBytes, writeVarint } from './kafka-varint.ts'
import type { SinkRecord } from './sink.ts'

/**
 * Records as the bytes of a Kafka record batch: the layout of "Record" and "Record Header" in the message format of the
 * Kafka protocol documentation, version 2.
 *
 *     Record => Length(varint) Attributes(int8) TimestampDelta(varlong) OffsetDelta(varint)
 *               KeyLength(varint) Key ValueLength(varint) Value HeaderCount(varint) [Header]
 *     Header => KeyLength(varint) Key ValueLength(varint) Value
 *
 * Own code because kafkajs takes 10 to 13 us for one record with its six CloudEvents headers, each header and record in a
 * buffer of its own; here it is 0.5 us. How these bytes get into kafkajs' batches is in `kafka-placeholders.ts`.
 */

/** CloudEvents 1.0, Kafka protocol binding, binary mode: the headers of a record, in their order. */
export function cloudEventHeaders({ id, type, source, time }: SinkRecord['event']): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: id,
    ce_type: type,
    ce_source: source,
    ce_time: time,
    'content-type': 'application/json',
  }
}

/** So much is kept for the next batch; a larger one, made of records of megabytes, gets memory of its own. */
const KEPT_BYTES = 1024 * 1024

/** Sources are few (one per experiment), but each reload may bring others. */
const SOURCES_MAX = 256

const HEADER_COUNT = 6

/** What is the same in all records, before the id and after the time. */
const BEFORE_ID = Buffer.concat([varint(HEADER_COUNT), header('ce_specversion', '1.0'), text('ce_id')])
const AFTER_TIME = header('content-type', 'application/json')

/** The bytes between the values of `ce_id` and `ce_time`, by source and type. */
const betweenIdAndTime = new Map<string, Map<string, Buffer>>()

/** The memory of finished encodings. Several may be under way: kafkajs encodes for several brokers at a time. */
const spare: Buffer[] = []

/**
 * Encodes the records, with offsets from 0 and a timestamp delta of 0, and gives the bytes to `use`. They are valid until
 * what `use` returns has settled.
 */
export async function withEncodedRecords<T>(
  records: readonly SinkRecord[],
  use: (bytes: Buffer) => Promise<T>,
): Promise<T> {
  const writer = new RecordWriter(spare.pop() ?? Buffer.allocUnsafeSlow(KEPT_BYTES))
  for (const [offset, record] of records.entries()) writer.write(record, offset)
  try {
    return await use(writer.written)
  } finally {
    if (writer.memory.length === KEPT_BYTES) spare.push(writer.memory)
  }
}

class RecordWriter {
  memory: Buffer
  #at = 0

  constructor(memory: Buffer) {
    this.memory = memory
  }

  get written(): Buffer {
    return this.memory.subarray(0, this.#at)
  }

  write({ key, value, event }: SinkRecord, offset: number): void {
    const keyBytes = Buffer.byteLength(key)
    const valueBytes = Buffer.byteLength(value)
    const idBytes = Buffer.byteLength(event.id)
    const timeBytes = Buffer.byteLength(event.time)
    const between = bytesBetweenIdAndTime(event.source, event.type)
    const bodyBytes =
      2 + // attributes and timestamp delta, both 0
      varintBytes(offset) +
      varintBytes(keyBytes) +
      keyBytes +
      varintBytes(valueBytes) +
      valueBytes +
      BEFORE_ID.length +
      varintBytes(idBytes) +
      idBytes +
      between.length +
      varintBytes(timeBytes) +
      timeBytes +
      AFTER_TIME.length
    this.#makeRoom(varintBytes(bodyBytes) + bodyBytes)
    this.#varint(bodyBytes)
    this.#varint(0) // a zero byte in either type
    this.#varint(0)
    this.#varint(offset)
    this.#text(key, keyBytes)
    this.#text(value, valueBytes)
    this.#bytes(BEFORE_ID)
    this.#text(event.id, idBytes)
    this.#bytes(between)
    this.#text(event.time, timeBytes)
    this.#bytes(AFTER_TIME)
  }

  #makeRoom(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.memory.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.memory.length))
    this.memory.copy(larger, 0, 0, this.#at)
    this.memory = larger
  }

  #varint(value: number): void {
    this.#at = writeVarint(this.memory, this.#at, value)
  }

  #text(value: string, bytes: number): void {
    this.#varint(bytes)
    this.#at += this.memory.write(value, this.#at, bytes, 'utf8')
  }

  #bytes(value: Buffer): void {
    this.memory.set(value, this.#at)
    this.#at += value.length
  }
}

function bytesBetweenIdAndTime(source: string, type: string): Buffer {
  const known = betweenIdAndTime.get(source)?.get(type)
  if (known !== undefined) return known
  if (betweenIdAndTime.size >= SOURCES_MAX) betweenIdAndTime.clear()
  const bytes = Buffer.concat([header('ce_type', type), header('ce_source', source), text('ce_time')])
  const ofSource = betweenIdAndTime.get(source) ?? new Map<string, Buffer>()
  betweenIdAndTime.set(source, ofSource.set(type, bytes))
  return bytes
}

function header(name: string, value: string): Buffer {
  return Buffer.concat([text(name), text(value)])
}

/** With its length before it, as keys, values and both parts of a header are. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([varint(bytes.length), bytes])
}
