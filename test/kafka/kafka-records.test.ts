import { randomUUID } from 'node:crypto'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KafkaSink } from '../../src/sinks/kafka-sink.ts'
import type { SinkRecord } from '../../src/sinks/sink.ts'
import { kafkaClient } from '../support/kafka-topics.ts'
import { createTopic, kafkaAvailability, readTopic, startKafka, type KafkaBroker } from '../support/kafka.ts'
import { collectingLog, range } from '../support/sink-records.ts'

const LIMITS = { records: 100_000, bytes: 64 * 1024 * 1024 }
const PARTITIONS = 3

/** More than one batch of the sink, with texts that are no ASCII and lengths of one to three varint bytes. */
const RECORDS: readonly SinkRecord[] = range(0, 1_300).map(n => ({
  stream: 'pairs',
  key: n % 5 === 0 ? `Größe-${n}` : `user-${n % 97}`,
  event: {
    id: `origin/0/${n}`,
    type: 'understudy.pair/1',
    source: `/experiments/e${n % 4}`,
    time: '2023-11-14T22:13:20.000Z',
  },
  value: JSON.stringify({ n, text: '→'.repeat(n % 130 === 0 ? 9_000 : n % 60) }),
}))

describe.skipIf(!kafkaAvailability().ok)('what the sink publishes, with a real broker', () => {
  let kafka: KafkaBroker

  beforeAll(async () => {
    kafka = await startKafka()
  })
  afterAll(() => kafka.stop())

  async function makeTopic(name: string): Promise<string> {
    // Of each attempt: a topic that is there already keeps what the attempt before has published.
    const topic = `${name}-${randomUUID()}`
    await createTopic(kafka.brokers, topic, { partitions: PARTITIONS })
    return topic
  }

  const read = (topic: string) => readTopic(kafka.brokers, topic, { expected: RECORDS.length, timeoutMs: 30_000 })

  test.each(['none', 'gzip', 'zstd'] as const)('reads as what kafkajs publishes by itself (%s)', async compression => {
    const bySink = await makeTopic(`sink-${compression}`)
    const sink = new KafkaSink(
      {
        brokers: kafka.brokers,
        pairs: bySink,
        windows: `${bySink}-windows`,
        compression,
        acks: 'all',
        lingerMs: 20,
        tls: null,
        sasl: null,
      },
      collectingLog().log,
      LIMITS,
    )
    for (const record of RECORDS) sink.offer(record)
    await sink.close(20_000)
    expect(sink.stats()).toMatchObject({ delivered: RECORDS.length, pending: 0 })

    const byKafkajs = await makeTopic(`kafkajs-${compression}`)
    const producer = kafkaClient(kafka.brokers).producer({
      // Where one partition of a new topic answers with an error, kafkajs sends the others again as well: the broker must know them.
      idempotent: true,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
    await producer.connect()
    await producer.send({
      topic: byKafkajs,
      messages: RECORDS.map(({ key, value, event }) => ({
        key,
        value,
        headers: {
          ce_specversion: '1.0',
          ce_id: event.id,
          ce_type: event.type,
          ce_source: event.source,
          ce_time: event.time,
          'content-type': 'application/json',
        },
      })),
    })
    await producer.disconnect()

    const messages = await read(bySink)
    expect(messages).toEqual(await read(byKafkajs))
    expect(messages).toHaveLength(RECORDS.length)
    expect(new Set(messages.map(({ partition }) => partition))).toEqual(new Set(range(0, PARTITIONS)))
  })
})
