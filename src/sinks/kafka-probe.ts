import type { KafkaSinkPlan } from '../config/snapshot.ts'
import { kafkaClient } from './kafka.ts'
import { classifyFailure } from './kafka-failure.ts'

/** One attempt: who probes wants to know how it is now. */
const RETRY = { retries: 0, initialRetryTime: 100, maxRetryTime: 100, factor: 0, multiplier: 1 }
/** kafkajs takes 2 s to connect and 4 s for each request. */
const PROBE_MS = 6_000

/**
 * Resolves when the broker has spoken Kafka with us, TLS and SASL included, and told its topics. One that is missing is
 * none of its faults: the sink makes it. Rejects with the reason in words.
 */
export async function probeKafka(plan: KafkaSinkPlan, broker: string): Promise<void> {
  const admin = kafkaClient({ ...plan, brokers: [broker] }, () => {}, RETRY).admin()
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`nothing within ${PROBE_MS} ms`)), PROBE_MS)
  try {
    await Promise.race([admin.connect().then(() => admin.listTopics()), late.promise])
  } catch (error) {
    const { kind, message } = classifyFailure(error)
    const what =
      kind === 'denied' ? 'refuses these credentials' : 'accepts connections, but does not answer like a broker'
    throw new Error(`${what}: ${message}`, { cause: error })
  } finally {
    clearTimeout(timer)
    // Not waited for: with what is no broker it takes until its requests time out.
    admin.disconnect().catch(() => undefined)
  }
}
