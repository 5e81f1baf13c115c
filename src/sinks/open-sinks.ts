import type { SinksPlan } from '../config/snapshot.ts'
import { FileSink } from './file.ts'
import { KafkaSink } from './kafka-sink.ts'
import type { QueueLimits } from './record-queue.ts'
import type { Sink, SinkLog } from './sink.ts'

/** Per sink. Some minutes of records at a moderate rate; beyond that a sink that is away drops, and says so. */
const QUEUE_LIMITS: QueueLimits = { records: 100_000, bytes: 64 * 1024 * 1024 }

/** The sinks that the routing file names. Returns at once: a broker or disk that is away is waited for in background. */
export function openSinks(plan: SinksPlan, log: SinkLog): Sink[] {
  const sinks: Sink[] = []
  if (plan.file !== null) sinks.push(new FileSink(plan.file, log, QUEUE_LIMITS))
  if (plan.kafka !== null) sinks.push(new KafkaSink(plan.kafka, log, QUEUE_LIMITS))
  return sinks
}
