import { createTopic, kafkaAvailability, startKafka } from '../test/support/kafka.ts'
import { shout } from './tools.ts'

const PAIRS = 'bench.pairs'
const WINDOWS = 'bench.windows'

/** A real broker beside the bench. It shares the cores, as little as it likes that. */
export interface BenchKafka {
  /** `sinks` of the routing file: Kafka with its defaults, which is zstd and acks from all. */
  readonly sinks: Readonly<Record<string, unknown>>
  stop(): Promise<void>
}

/** null, said loudly: it cannot be had here. The first start on a machine fetches the broker, which takes minutes. */
export async function startBenchKafka(): Promise<BenchKafka | null> {
  try {
    const availability = kafkaAvailability()
    if (!availability.ok) throw new Error(availability.why)
    const broker = await startKafka()
    for (const topic of [PAIRS, WINDOWS]) await createTopic(broker.brokers, topic)
    return {
      sinks: { kafka: { brokers: broker.brokers, pairs: PAIRS, windows: WINDOWS, compression: 'zstd' } },
      stop: () => broker.stop(),
    }
  } catch (error) {
    shout('KAFKA CANNOT BE STARTED', `no row with Kafka (${(error as Error).message})`)
    return null
  }
}
