import { once } from 'node:events'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
// The default import only: kafkajs is CommonJS and its codec table is not among the names Node finds in it.
import kafkajs from 'kafkajs'
import type {
  CompressionTypes,
  ICustomPartitioner,
  Kafka,
  KafkaConfig,
  LogEntry,
  Message,
  Producer,
  RecordMetadata,
  SASLOptions,
  TopicMessages,
} from 'kafkajs'
import type { ClientTlsPlan, KafkaSinkPlan } from '../config/snapshot.ts'
import { javaPartition } from './java-partition.ts'
import { gzipCodec, zstdCodec } from './kafka-codecs.ts'
import { classifyFailure } from './kafka-failure.ts'
import { Placeholder, PlaceholderSend } from './kafka-placeholders.ts'
import { cloudEventHeaders } from './kafka-records.ts'
import { silenceTimeoutWarning } from './kafka-warnings.ts'
import type { SinkLog, SinkRecord } from './sink.ts'

/** Short: a call that hangs is worth less than trying again, and whoever closes the sink waits for it. */
const CONNECTION_TIMEOUT_MS = 2_000
const REQUEST_TIMEOUT_MS = 4_000

/**
 * kafkajs' own retries, within one call. Set on the client: set on the producer alone, they do not cover the metadata
 * and connections below it. Few and quick, because the sink retries with the whole picture. All five are given: kafkajs
 * has other defaults when NODE_ENV is `test`.
 */
const RETRY = { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000, factor: 0.2, multiplier: 2 }

/** With a leader that is frozen, not gone, nothing but fresh metadata names its successor. */
const METADATA_MAX_AGE_MS = 2_000

const CREATE_TOPIC_TIMEOUT_MS = 5_000
const KEEP_ALIVE_MS = 60_000

const ACKS = { all: -1, leader: 1, none: 0 } as const

/** What kafkajs says of every producer with limited retries; here the sink sends the same batch again until it knows. */
const EXPECTED_LINES = ['Limiting retries for the idempotent producer may invalidate EoS guarantees']

/**
 * One producer and its connections, from connect to the end; what fails is replaced by a new session.
 *
 * With `acks: all` the producer is idempotent, which holds only under two rules its owner must keep: one `send` at a
 * time, and after a failure the *same* batch again on this session. kafkajs gives the sequence numbers of a failed send
 * to whatever is sent next, and the broker takes other records under those numbers for duplicates: they would be lost.
 */
export class KafkaSession {
  readonly #plan: KafkaSinkPlan
  readonly #log: SinkLog
  readonly #client: Kafka
  readonly #producer: Producer
  readonly #sockets = new Set<Socket>()
  #abandoned = false
  /** `topic/partition` of each record of the send under way. */
  #targets = new Set<string>()
  /** Of the last send; null: none yet, or one without placeholders. */
  #sending: PlaceholderSend | null = null

  constructor(plan: KafkaSinkPlan, log: SinkLog) {
    this.#plan = plan
    this.#log = log
    this.#client = makeClient({
      ...clientConfig(plan),
      logCreator: () => entry => {
        if (!this.#abandoned) relay(entry, log)
      },
      socketFactory: ({ host, port, ssl, onConnect }) => this.#connect(host, port, ssl, onConnect),
    })
    this.#producer = this.#client.producer({
      createPartitioner: this.#watchedPartitioner,
      idempotent: plan.acks === 'all',
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MAX_AGE_MS,
    })
  }

  /** @throws (rejects with) whatever kafkajs says, see `classifyFailure`. */
  async connect(createTopics: boolean): Promise<void> {
    if (createTopics) await this.#createTopics()
    await this.#producer.connect()
  }

  /** Resolves when every record is acknowledged as `acks` says. One at a time; rejects like `connect`. */
  async send(batch: readonly SinkRecord[]): Promise<void> {
    registerCodecs() // whatever else uses kafkajs in this process may have put codecs of its own there
    this.#targets = new Set()
    const sending = this.#plan.compression === 'none' ? null : new PlaceholderSend(batch)
    this.#sending = sending
    try {
      const acknowledged = await this.#producer.sendBatch({
        acks: ACKS[this.#plan.acks],
        timeout: REQUEST_TIMEOUT_MS,
        compression: compressionType(this.#plan.compression),
        topicMessages: this.#byTopic(batch, sending?.placeholders ?? batch.map(kafkaMessage)),
      })
      if (this.#plan.acks !== 'none') assertAllAcknowledged(this.#targets, acknowledged)
      sending?.assertAllReplaced()
    } finally {
      sending?.end()
    }
  }

  /** Ends politely; with a broker that does not answer it can take seconds, which `abandon` cuts short. */
  async disconnect(): Promise<void> {
    await this.#producer.disconnect()
    // The broker closes its side when it has read everything: with `acks: none` the last batch may still be on its way.
    await Promise.all([...this.#sockets].map(socket => once(socket, 'close')))
  }

  /**
   * Ends at once. Destroyed sockets and a socket factory that refuses are the only way to stop the retries that kafkajs
   * may still have under way: they would reconnect, and write the batch a second time.
   */
  abandon(): void {
    this.#abandoned = true
    this.#sending?.end()
    for (const socket of this.#sockets) socket.destroy(new Error('the Kafka session was given up'))
  }

  async #createTopics(): Promise<void> {
    const admin = this.#client.admin()
    try {
      await admin.connect()
      for (const topic of new Set([this.#plan.pairs, this.#plan.windows])) {
        try {
          const created = await admin.createTopics({
            topics: [{ topic, numPartitions: -1, replicationFactor: -1 }], // the broker's defaults
            timeout: CREATE_TOPIC_TIMEOUT_MS,
          })
          if (created) this.#log('info', 'made the Kafka topic', { topic })
        } catch (error) {
          const failure = classifyFailure(error)
          if (failure.kind !== 'denied') throw error
          this.#log('warn', 'not allowed to make the Kafka topic; it must exist already', {
            topic,
            error: failure.message,
          })
        }
      }
    } finally {
      // Not waited for: with a broker that froze it takes until the requests time out.
      admin.disconnect().catch(() => undefined)
    }
  }

  #connect(host: string, port: number, ssl: ConnectionOptions | undefined, onConnect: () => void): Socket {
    if (this.#abandoned) throw new Error('the Kafka session was given up')
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
      : connectTcp({ host, port }, onConnect)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  /** `messages` are those of the records, in the same order. */
  #byTopic(records: readonly SinkRecord[], messages: readonly Message[]): TopicMessages[] {
    const pairs: Message[] = []
    const windows: Message[] = []
    for (const [i, message] of messages.entries()) {
      if (records[i]?.stream === 'windows') windows.push(message)
      else pairs.push(message)
    }
    return [
      { topic: this.#plan.pairs, messages: pairs },
      { topic: this.#plan.windows, messages: windows },
    ].filter(each => each.messages.length > 0)
  }

  /** Java's partitioner, which also notes where each record goes. */
  readonly #watchedPartitioner: ICustomPartitioner =
    () =>
    ({ topic, partitionMetadata, message }) => {
      const key = message instanceof Placeholder ? message.record.key : String(message.key)
      const partition = javaPartition(key, partitionMetadata.length)
      this.#targets.add(`${topic}/${partition}`)
      return partition
    }
}

/** A client that only reads; `retry` is that of every call. What kafkajs says goes to `log`. */
export function kafkaClient(plan: KafkaSinkPlan, log: SinkLog, retry: NonNullable<KafkaConfig['retry']>): Kafka {
  return makeClient({ ...clientConfig(plan), retry, logCreator: () => entry => relay(entry, log) })
}

function makeClient(config: KafkaConfig): Kafka {
  registerCodecs()
  silenceTimeoutWarning()
  return new kafkajs.Kafka(config)
}

function relay({ namespace, label, log: said }: LogEntry, log: SinkLog): void {
  if (EXPECTED_LINES.includes(said.message)) return
  const level = label === 'INFO' || label === 'DEBUG' ? 'info' : 'warn' // its errors are mostly attempts, not outcomes
  const broker: unknown = said['broker']
  const error: unknown = said['error']
  log(level, `kafkajs: ${said.message}`, {
    part: namespace,
    ...(typeof broker === 'string' ? { broker } : {}),
    ...(typeof error === 'string' ? { error } : {}),
  })
}

function kafkaMessage({ key, value, event }: SinkRecord): Message {
  return { key, value, headers: cloudEventHeaders(event) }
}

/**
 * kafkajs resolves although a partition was never acknowledged when its leader moved, during the send, to a broker that
 * had already answered for other partitions.
 */
export function assertAllAcknowledged(targets: ReadonlySet<string>, acknowledged: readonly RecordMetadata[]): void {
  const got = new Set(acknowledged.map(({ topicName, partition }) => `${topicName}/${partition}`))
  const missing = [...targets].filter(target => !got.has(target))
  if (missing.length === 0) return
  const error = new Error(`the broker acknowledged nothing for ${missing.join(', ')}`)
  error.name = 'PartialAcknowledgement'
  throw error
}

function clientConfig(plan: KafkaSinkPlan): KafkaConfig {
  return {
    clientId: 'understudy',
    brokers: [...plan.brokers],
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    authenticationTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    logLevel: kafkajs.logLevel.WARN,
    ...(plan.tls === null ? {} : { ssl: tlsOptions(plan.tls) }),
    ...(plan.sasl === null ? {} : { sasl: plan.sasl as SASLOptions }),
  }
}

function tlsOptions(tls: ClientTlsPlan): ConnectionOptions {
  return {
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.cert === null ? {} : { cert: tls.cert }),
    ...(tls.key === null ? {} : { key: tls.key }),
    ...(tls.servername === null ? {} : { servername: tls.servername }),
    rejectUnauthorized: !tls.insecure,
  }
}

function compressionType(compression: KafkaSinkPlan['compression']): CompressionTypes {
  const types = kafkajs.CompressionTypes
  return { none: types.None, gzip: types.GZIP, zstd: types.ZSTD }[compression]
}

/** kafkajs brings no codec for zstd; its own for gzip knows nothing of placeholders. */
function registerCodecs(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] = gzipCodec
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = zstdCodec
}
