import { expect, test } from 'vitest'
import { cloudEventHeaders, withEncodedRecords } from '../../../src/sinks/kafka-records.ts'
import type { SinkRecord } from '../../../src/sinks/sink.ts'
import { kafkajsRecords } from '../../support/kafkajs-parts.ts'
import { numberedRecord, range } from '../../support/sink-records.ts'

const byKafkajs = (records: readonly SinkRecord[]): Buffer =>
  kafkajsRecords(records.map(({ key, value, event }) => ({ key, value, headers: cloudEventHeaders(event) })))

const copied = (bytes: Buffer): Promise<Buffer> => Promise.resolve(Buffer.from(bytes))

test('a batch larger than the memory that is kept is whole', async () => {
  const records = range(0, 5).map(n => numberedRecord(n, 400_000 * n))
  expect((await withEncodedRecords(records, copied)).equals(byKafkajs(records))).toBe(true)
})

test('batches that are compressed at the same time do not share memory', async () => {
  const batches = range(0, 4).map(n => range(0, 50).map(i => numberedRecord(1_000 * n + i)))
  const gates = batches.map(() => Promise.withResolvers<void>())
  const under = batches.map((records, i) =>
    withEncodedRecords(records, async bytes => {
      await gates[i]?.promise
      return Buffer.from(bytes)
    }),
  )
  for (const gate of gates.toReversed()) gate.resolve()
  expect(await Promise.all(under)).toEqual(batches.map(byKafkajs))
})

test('sources that come and go with reloads keep their own headers', async () => {
  const records = range(0, 700).map(n => {
    const record = numberedRecord(n)
    return { ...record, event: { ...record.event, source: `/experiments/${n % 300}`, type: `type-${n % 2}` } }
  })
  expect((await withEncodedRecords(records, copied)).equals(byKafkajs(records))).toBe(true)
})

test('memory whose compression failed is used again', async () => {
  await expect(withEncodedRecords([numberedRecord(1)], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await withEncodedRecords([numberedRecord(2)], copied)).toEqual(byKafkajs([numberedRecord(2)]))
})
