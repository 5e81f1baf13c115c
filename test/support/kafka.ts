import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import {
  JVM_FLAGS,
  KAFKA_PASSWORD,
  kafkaProperties,
  prepareKafka,
  type KafkaDistribution,
} from './kafka-distribution.ts'
import { createTopic, kafkaClient, readTopic } from './kafka-topics.ts'

export { createTopic, readTopic, type ReadMessage } from './kafka-topics.ts'
export { kafkaAvailability, type KafkaAvailability } from './kafka-distribution.ts'

const START_TIMEOUT_MS = 60_000
/** A port that was free a moment ago may be taken by another test before the broker binds it. */
const START_ATTEMPTS = 3

/** A running broker. All of its methods but `stop` throw when the broker is not ours (KAFKA_BROKERS). */
export interface KafkaBroker {
  /** Plain text. */
  readonly brokers: string[]
  /** TLS with a password; null when the broker is not ours. */
  readonly secure: {
    readonly brokers: string[]
    readonly ca: string
    readonly username: string
    readonly password: string
  } | null
  stop(): Promise<void>
  /** SIGKILL, as if the machine had lost power (but for the page cache). */
  kill9(): void
  /** Starts it again, with the data and ports it had. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay up and nothing is answered. */
  pause(): void
  resume(): void
}

/**
 * Starts Apache Kafka on free loopback ports, with no topics, and waits until it works. Where KAFKA_BROKERS names a
 * running one, that one is used, unless the test wants to do it harm (`own`). It ends with the test run, however that ends.
 */
export async function startKafka(options: { own?: boolean } = {}): Promise<KafkaBroker> {
  const running = process.env['KAFKA_BROKERS']
  if (running !== undefined && options.own !== true) return foreignBroker(running.split(','))
  const distribution = await prepareKafka(train)
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOwn(distribution)
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error
    }
  }
}

async function startOwn(distribution: KafkaDistribution): Promise<KafkaBroker> {
  const { dir, brokers, secureBrokers } = await makeHome(distribution)
  const archive = [`-XX:SharedArchiveFile=${distribution.archive}`]
  let broker: BrokerProcess
  try {
    broker = await launch(distribution, dir, brokers, archive)
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    throw error
  }
  return {
    brokers,
    secure: {
      brokers: secureBrokers,
      ca: await readFile(distribution.certificate, 'utf8'),
      username: 'understudy',
      password: KAFKA_PASSWORD,
    },
    async stop() {
      broker.signal('SIGKILL') // the data goes with it: nothing to shut down in order
      await broker.gone()
      await rm(dir, { recursive: true, force: true })
    },
    kill9: () => broker.signal('SIGKILL'),
    pause: () => broker.signal('SIGSTOP'),
    resume: () => broker.signal('SIGCONT'),
    async restart() {
      broker.signal('SIGKILL')
      await broker.gone()
      broker = await launch(distribution, dir, brokers, archive)
    },
  }
}

/** A folder with configuration for free ports and empty data. */
async function makeHome(
  distribution: KafkaDistribution,
): Promise<{ dir: string; brokers: string[]; secureBrokers: string[] }> {
  const [port, securePort, controllerPort] = (await freePorts(3)).map(String) as [string, string, string]
  const dir = await mkdtemp(join(tmpdir(), 'understudy-kafka-'))
  const data = join(dir, 'data')
  await cp(distribution.emptyData, data, { recursive: true })
  const values = { PORT: port, SECURE_PORT: securePort, CONTROLLER_PORT: controllerPort, DATA: data }
  const secrets = { KEYSTORE: distribution.keystore, PASSWORD: KAFKA_PASSWORD }
  await writeFile(join(dir, 'server.properties'), await kafkaProperties({ ...values, ...secrets }))
  return { dir, brokers: [`127.0.0.1:${port}`], secureBrokers: [`127.0.0.1:${securePort}`] }
}

interface BrokerProcess {
  signal(signal: NodeJS.Signals): void
  /** Resolves when the process is gone; keeps this one alive until then. */
  gone(): Promise<void>
}

/** Starts the process and waits until the broker works; rejects with the end of its log when it does not. */
async function launch(
  { libs }: KafkaDistribution,
  dir: string,
  brokers: string[],
  jvmFlags: readonly string[],
): Promise<BrokerProcess> {
  const log = join(dir, 'broker.log')
  const logFd = openSync(log, 'a')
  // In a session of its own, so that Ctrl-C reaches the test run first; the watchdog follows when that is gone.
  const args = [...JVM_FLAGS, ...jvmFlags, '-cp', join(libs, '*'), 'kafka.Kafka', join(dir, 'server.properties')]
  const java = spawn('java', args, { detached: true, stdio: ['ignore', logFd, logFd] })
  closeSync(logFd)
  const { promise: exited, resolve } = Promise.withResolvers<void>()
  java.once('error', () => resolve())
  java.once('exit', () => resolve())
  const endWatch = watch(java, dir)
  void exited.then(endWatch)
  const signal = (name: NodeJS.Signals): void => void java.kill(name)
  const gone = (): Promise<void> => {
    java.ref()
    return exited
  }

  const ready = await Promise.race([untilReady(brokers, java), exited.then(() => false)])
  if (ready) return { signal, gone }
  signal('SIGKILL')
  await gone()
  throw new Error(`the Kafka broker did not start:\n${(await readFile(log, 'utf8')).slice(-4_000)}`)
}

/**
 * Kills the broker when this process is gone, even by SIGKILL: the watchdog reads a pipe that only this process can
 * write to. A word through the pipe means that the broker has ended by itself.
 */
function watch(java: ChildProcess, dir: string): () => void {
  const script = 'read -r word; [ "$word" = ended ] && exit; kill -9 "$1"; rm -rf "$2"'
  const watchdog = spawn('sh', ['-c', script, 'watchdog', String(java.pid), dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watchdog.on('error', () => undefined)
  watchdog.stdin.on('error', () => undefined)
  for (const child of [java, watchdog]) child.unref()
  ;(watchdog.stdin as unknown as { unref(): void }).unref()
  return () => watchdog.stdin.end('ended\n')
}

async function untilReady(brokers: string[], java: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline && java.exitCode === null && java.signalCode === null) {
    const admin = kafkaClient(brokers).admin()
    try {
      await admin.connect()
      const cluster = await admin.describeCluster()
      if (cluster.brokers.length > 0) return true
    } catch {
      // Not yet.
    } finally {
      await admin.disconnect()
    }
    await sleep(50)
  }
  return false
}

/** One run of what the tests do, so that the JVM archives the classes for it, and an orderly end, when it writes them. */
async function train(distribution: KafkaDistribution, archiveFlag: string): Promise<void> {
  const { dir, brokers } = await makeHome(distribution)
  const broker = await launch(distribution, dir, brokers, [archiveFlag])
  try {
    await createTopic(brokers, 'training')
    const producer = kafkaClient(brokers).producer({
      idempotent: true,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
    await producer.connect()
    await producer.send({
      topic: 'training',
      compression: kafkajs.CompressionTypes.ZSTD,
      messages: [{ key: 'key', value: 'value' }],
    })
    await producer.disconnect()
    await readTopic(brokers, 'training', { expected: 1, timeoutMs: 20_000 })
    broker.signal('SIGTERM')
    await Promise.race([broker.gone(), sleep(60_000, undefined, { ref: false })])
  } finally {
    broker.signal('SIGKILL')
    await broker.gone()
    await rm(dir, { recursive: true, force: true })
  }
}

function foreignBroker(brokers: string[]): KafkaBroker {
  return {
    brokers,
    secure: null,
    stop: () => Promise.resolve(),
    kill9: refuseHarm,
    pause: refuseHarm,
    resume: refuseHarm,
    restart: () => Promise.resolve().then(refuseHarm),
  }
}

function refuseHarm(): never {
  throw new Error('this broker is not ours (KAFKA_BROKERS): a test that harms it needs startKafka({ own: true })')
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map(server => new Promise<void>(done => server.listen(0, '127.0.0.1', done))))
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(done => server.close(done))))
  return ports
}
