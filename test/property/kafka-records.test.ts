import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { javaPartition } from '../../src/sinks/java-partition.ts'
import { cloudEventHeaders, withEncodedRecords } from '../../src/sinks/kafka-records.ts'
import type { SinkRecord } from '../../src/sinks/sink.ts'
import { kafkajsPartition, kafkajsRecords } from '../support/kafkajs-parts.ts'

/** Also what is no ASCII, and lengths on both sides of where a varint gets longer (64, 8 192). */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 80 }),
  fc.integer({ min: 8_180, max: 8_200 }).map(length => 'x'.repeat(length)),
  fc.constant('half of a pair: \ud83d'),
)

const records: fc.Arbitrary<SinkRecord[]> = fc.array(
  fc.record({
    stream: fc.constantFrom('pairs', 'windows'),
    key: text,
    event: fc.record({ id: text, type: text, source: text, time: text }),
    value: text,
  }),
  { maxLength: 90 },
)

const copied = (bytes: Buffer): Promise<Buffer> => Promise.resolve(Buffer.from(bytes))

test('records are the bytes that kafkajs writes for them', async () => {
  await fc.assert(
    fc.asyncProperty(records, async each => {
      const ours = await withEncodedRecords(each, copied)
      const messages = each.map(({ key, value, event }) => ({ key, value, headers: cloudEventHeaders(event) }))
      expect(ours.equals(kafkajsRecords(messages))).toBe(true)
    }),
  )
})

test('a key belongs to the partition that kafkajs gives it', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 1_000 }), (key, partitions) => {
      expect(javaPartition(key, partitions)).toBe(kafkajsPartition(key, partitions))
    }),
    { numRuns: 1_000 },
  )
})
