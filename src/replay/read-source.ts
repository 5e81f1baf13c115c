import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip } from 'node:zlib'
import { describeReadError } from '../config/read-error.ts'
import type { KafkaSinkPlan } from '../config/snapshot.ts'
import { classifyFailure, type KafkaFailure } from '../sinks/kafka-failure.ts'
import { readTopic } from '../sinks/kafka-topic.ts'
import type { SinkLog } from '../sinks/sink.ts'
import { LineSplitter } from './line-splitter.ts'

/** Where records go to. */
export interface RecordTaker {
  take(text: string): void
  takeTooLong(): void
}

export interface ReadOptions {
  /** `sinks.kafka` of the routing file; null: it has none. */
  readonly kafka: KafkaSinkPlan | null
  readonly log: SinkLog
}

/** Records that cannot be read; `unreachable`: a broker is in the way, not the user's words. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly kind: 'unusable' | 'unreachable'

  constructor(kind: SourceError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

const TOPIC = 'kafka:'

/**
 * Reads records to their end: an NDJSON file (packed where its name ends in `.gz`), `-` for standard input, or
 * `kafka:TOPIC`. Holds one line, or one batch of messages, at a time.
 * @throws SourceError
 */
export async function readSource(source: string, taker: RecordTaker, options: ReadOptions): Promise<void> {
  if (source.startsWith(TOPIC)) await readKafka(source.slice(TOPIC.length), taker, options)
  else await readLines(source, taker)
}

async function readLines(source: string, taker: RecordTaker): Promise<void> {
  const splitter = new LineSplitter(
    line => taker.take(line),
    () => taker.takeTooLong(),
  )
  const push = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) splitter.push(chunk)
  }
  const input = source === '-' ? process.stdin : createReadStream(source)
  try {
    // A file that was cut ends there, packed or not: its last line is the only one to be damaged.
    if (source.endsWith('.gz')) await pipeline(input, createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }), push)
    else await pipeline(input, push)
  } catch (error) {
    throw new SourceError('unusable', `${source} ${describe(error)}`)
  }
  splitter.end()
}

function describe(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('Z_')) return `is not gzip, or damaged (${code})`
  if (code === '') throw error
  return describeReadError(error)
}

async function readKafka(topic: string, taker: RecordTaker, { kafka, log }: ReadOptions): Promise<void> {
  if (kafka === null) {
    throw new SourceError(
      'unusable',
      `${TOPIC}${topic} needs sinks.kafka in the routing file: its brokers and credentials`,
    )
  }
  try {
    await readTopic(kafka, topic, text => taker.take(text), log)
  } catch (error) {
    const failure = classifyFailure(error)
    const where = `the topic ${topic} of ${kafka.brokers.join(', ')}`
    throw new SourceError('unreachable', `cannot read ${where} (${failure.message}); ${adviceOn(failure)}`)
  }
}

function adviceOn({ kind }: KafkaFailure): string {
  if (kind === 'topic') return 'is there such a topic?'
  if (kind === 'denied') return 'sinks.kafka needs credentials that may read it, and a consumer group of its own'
  return 'is the broker running, and is sinks.kafka right?'
}
