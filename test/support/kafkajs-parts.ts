import { createRequire } from 'node:module'
import kafkajs, { type Message } from 'kafkajs'

/**
 * The parts of kafkajs that write and read record batches, for tests of what is written in their place. They are not in
 * its types, and another version may have moved them: then these tests say so.
 */
const part = createRequire(createRequire(import.meta.url).resolve('kafkajs'))

interface Encoder {
  readonly buffer: Buffer
  writeEncoderArray(encoders: readonly Encoder[]): Encoder
}

interface DecodedRecord {
  readonly attributes: number
  readonly timestamp: string
  readonly offset: string
  readonly key: Buffer
  readonly value: Buffer
  readonly headers: Readonly<Record<string, Buffer>>
}

interface DecodedBatch {
  readonly lastOffsetDelta: number
  readonly records: readonly DecodedRecord[]
}

const EncoderClass = part('./src/protocol/encoder') as new () => Encoder
const DecoderClass = part('./src/protocol/decoder') as new (bytes: Buffer) => object
const encodeRecord = part('./src/protocol/recordBatch/record/v0') as (record: object) => Encoder
const { RecordBatch: encodeBatch } = part('./src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<Encoder>
}
const decode = part('./src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<DecodedBatch>

const FIRST_TIMESTAMP = 1_700_000_000_000

/** The records of a batch as a codec is given them. */
export function kafkajsRecords(messages: readonly Message[]): Buffer {
  return new EncoderClass().writeEncoderArray(encoded(messages)).buffer
}

/** A whole batch, compressed by the codec that kafkajs knows for `type`. Rejects as the codec does. */
export async function kafkajsBatch(messages: readonly Message[], type: number): Promise<Buffer> {
  const timestamps = { firstTimestamp: FIRST_TIMESTAMP, maxTimestamp: FIRST_TIMESTAMP }
  const batch = { ...timestamps, compression: type, records: encoded(messages), lastOffsetDelta: messages.length - 1 }
  return (await encodeBatch(batch)).buffer
}

export function decodeBatch(batch: Buffer): Promise<DecodedBatch> {
  return decode(new DecoderClass(batch))
}

/** kafkajs' own, as Java's producer has it. */
export function kafkajsPartition(key: string, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 1,
    replicas: [1],
    isr: [1],
  }))
  return kafkajs.Partitioners.DefaultPartitioner()({ topic: 'pairs', partitionMetadata, message: { key, value: '' } })
}

function encoded(messages: readonly Message[]): Encoder[] {
  return messages.map((message, offsetDelta) => encodeRecord({ ...message, offsetDelta, timestampDelta: 0 }))
}
