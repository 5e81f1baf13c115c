import { randomUUID } from 'node:crypto'
import type { KafkaSinkPlan } from '../config/snapshot.ts'
import { kafkaClient } from './kafka.ts'
import type { SinkLog } from './sink.ts'

/** A new consumer group waits for its coordinator, which a broker may have to make first. */
const RETRY = { retries: 6, initialRetryTime: 200, maxRetryTime: 2_000, factor: 0.2, multiplier: 2 }

/** A fetch waits so long for messages that are not there yet; here all are. */
const FETCH_WAIT_MS = 200

/** No batch for this long: the broker is gone or frozen, and kafkajs would try for ever. */
const STALL_MS = 30_000

/**
 * Gives every message that a topic holds at the call, from its beginning, in order within each partition; some may come
 * twice. Takes a consumer group of its own, commits nothing and removes the group at the end.
 * @throws (rejects with) whatever kafkajs says, and when no batch has come for 30 s.
 */
export async function readTopic(
  plan: KafkaSinkPlan,
  topic: string,
  take: (value: string) => void,
  log: SinkLog,
): Promise<void> {
  const client = kafkaClient(plan, log, RETRY)
  const admin = client.admin()
  const groupId = `understudy-replay-${randomUUID()}`
  try {
    await admin.connect()
    const ends = endsOf(await admin.fetchTopicOffsets(topic))
    if (ends.size === 0) return
    const consumer = client.consumer({
      groupId,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      retry: RETRY,
    })
    try {
      await consume(consumer, topic, ends, take)
    } finally {
      await consumer.disconnect()
      // A leftover group harms nobody: the broker forgets it by itself.
      await admin.deleteGroups([groupId]).catch(() => undefined)
    }
  } finally {
    await admin.disconnect()
  }
}

type Admin = ReturnType<ReturnType<typeof kafkaClient>['admin']>
type Consumer = ReturnType<ReturnType<typeof kafkaClient>['consumer']>

/** The offset behind the last message of each partition that has one. */
function endsOf(offsets: Awaited<ReturnType<Admin['fetchTopicOffsets']>>): Map<number, bigint> {
  const ends = offsets.map(({ partition, low, high }) => [partition, BigInt(low), BigInt(high)] as const)
  return new Map(ends.flatMap(([partition, low, high]) => (high > low ? [[partition, high]] : [])))
}

/** Resolves when every partition has been read to its end. */
async function consume(
  consumer: Consumer,
  topic: string,
  ends: ReadonlyMap<number, bigint>,
  take: (value: string) => void,
): Promise<void> {
  const open = new Map(ends)
  const { promise: complete, resolve, reject } = Promise.withResolvers<void>()
  const stalled = (): void => reject(new Error(`no message of ${topic} came for ${STALL_MS / 1e3} s`))
  const timer = setTimeout(stalled, STALL_MS)
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
    if (!restart) reject(error)
  })
  // Of batches too in which no message is left for us, such as those that end a transaction.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    timer.refresh()
    if (BigInt(lastOffset) + 1n >= (open.get(partition) ?? 0n)) open.delete(partition)
    if (open.size === 0) resolve()
  })
  const start = async (): Promise<void> => {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch: { partition, messages } }) => {
        const end = ends.get(partition) ?? 0n
        for (const { offset, value } of messages) if (BigInt(offset) < end && value !== null) take(value.toString())
        return Promise.resolve()
      },
    })
    await complete
  }
  try {
    // A consumer that crashes while it starts says so by its event alone.
    await Promise.race([start(), complete])
  } finally {
    clearTimeout(timer)
  }
}
