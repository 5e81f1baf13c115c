import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs from 'kafkajs'
import type { Admin, IHeaders, Kafka, KafkaConfig } from 'kafkajs'
import { silenceTimeoutWarning } from '../../src/sinks/kafka-warnings.ts'

export interface ReadMessage {
  readonly key: string
  readonly value: string
  readonly headers: Readonly<Record<string, string>>
  readonly partition: number
  readonly offset: number
}

/**
 * Waits until the topic holds at least `expected` messages, then returns everything in it (so a message too many shows),
 * in order within each partition. After `timeoutMs` returns what there is.
 */
export async function readTopic(
  brokers: string[],
  topic: string,
  { expected, timeoutMs }: { expected: number; timeoutMs: number },
): Promise<ReadMessage[]> {
  const deadline = Date.now() + timeoutMs
  const total = await untilHolds(brokers, topic, expected, deadline)
  if (total === 0) return []
  const messages: ReadMessage[] = []
  const { promise: complete, resolve } = Promise.withResolvers<void>()
  const consumer = kafkaClient(brokers).consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 200 })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      eachMessage: ({ partition, message }) => {
        const value = message.value?.toString() ?? ''
        const key = message.key?.toString() ?? ''
        messages.push({ key, value, headers: texts(message.headers), partition, offset: Number(message.offset) })
        if (messages.length >= total) resolve()
        return Promise.resolve()
      },
    })
    await Promise.race([complete, sleep(Math.max(1_000, deadline - Date.now()), undefined, { ref: false })])
  } finally {
    await consumer.disconnect()
  }
  return messages.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

const LEADER_TIMEOUT_MS = 15_000

/** Makes a topic, with one partition unless told otherwise, and waits until it can be written to. */
export async function createTopic(
  brokers: string[],
  topic: string,
  config: { partitions?: number; entries?: Record<string, string> } = {},
): Promise<void> {
  const admin = kafkaClient(brokers).admin()
  await admin.connect()
  try {
    const configEntries = Object.entries(config.entries ?? {}).map(([name, value]) => ({ name, value }))
    const topics = [{ topic, numPartitions: config.partitions ?? 1, configEntries }]
    await admin.createTopics({ topics, waitForLeaders: false })
    const deadline = Date.now() + LEADER_TIMEOUT_MS
    while (!(await hasLeaders(admin, topic))) {
      if (Date.now() > deadline) throw new Error(`topic ${topic} has no leader after ${LEADER_TIMEOUT_MS} ms`)
      await sleep(50)
    }
  } finally {
    await admin.disconnect()
  }
}

/** A broker that was frozen is not trusted by its controller for a moment, and leads nothing. */
async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0))
  } catch {
    return false
  }
}

async function untilHolds(brokers: string[], topic: string, expected: number, deadline: number): Promise<number> {
  const admin = kafkaClient(brokers).admin()
  await admin.connect()
  try {
    for (;;) {
      const offsets = await admin.fetchTopicOffsets(topic).catch(() => [])
      const total = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
      if (total >= expected || Date.now() > deadline) return total
      await sleep(50)
    }
  } finally {
    await admin.disconnect()
  }
}

silenceTimeoutWarning()

/** Once and early: the table is that of the process, and a sink in it needs the codec that it puts there itself. */
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => promisify(zstdCompress)(buffer),
  decompress: (bytes: Buffer) => promisify(zstdDecompress)(bytes),
})

/** A quick and quiet client for tests. */
export function kafkaClient(brokers: string[]): Kafka {
  const config: KafkaConfig = {
    clientId: 'understudy-tests',
    brokers,
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 5_000,
    retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 500, factor: 0.1, multiplier: 1.5 },
  }
  return new kafkajs.Kafka(config)
}

function texts(headers: IHeaders | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]))
}
