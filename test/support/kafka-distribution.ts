import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from './directory-lock.ts'

/** Small and quick to start rather than fast: one core's worth of compiler, one collector thread. */
export const JVM_FLAGS = [
  '-Xms64m',
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]

/** Password of the secure listener's keystore and user; guards nothing but a test's broker on loopback. */
export const KAFKA_PASSWORD = 'test-password'

const SOURCES = join(import.meta.dirname, 'kafka')
const PROPERTIES = join(SOURCES, 'server.properties')
/** Fixed: a random cluster id may begin with a dash, which the formatter takes for an option. */
const CLUSTER_ID = 'dW5kZXJzdHVkeS10ZXN0cw'
const OLDEST_JAVA = 17
const PREPARE_TIMEOUT_MS = 240_000

const run = promisify(execFile)

/** Everything a broker starts from, kept outside the working tree and shared by all runs. */
export interface KafkaDistribution {
  /** Class path of the broker. */
  readonly libs: string
  /** Class-data archive; there once `train` has made it, and the broker starts in a third of the time. */
  readonly archive: string
  /** A formatted, empty data directory to copy. */
  readonly emptyData: string
  readonly keystore: string
  /** PEM of the certificate that the secure listener shows. */
  readonly certificate: string
}

export type KafkaAvailability = { readonly ok: true } | { readonly ok: false; readonly why: string }

let availability: KafkaAvailability | null = null

/**
 * Whether Kafka tests can run here: they need Java and, the first time, Maven, or a broker named by KAFKA_BROKERS. If
 * not, says so loudly, once; where CI=true it throws, because there nobody would see that the tests were skipped.
 */
export function kafkaAvailability(): KafkaAvailability {
  availability ??= probe()
  return availability
}

function probe(): KafkaAvailability {
  const why = process.env['KAFKA_BROKERS'] === undefined ? missingTool() : null
  if (why === null) return { ok: true }
  if (process.env['CI'] === 'true') throw new Error(`Kafka tests cannot run: ${why}`)
  console.warn(`\n!!! KAFKA TESTS ARE SKIPPED: ${why}\n`)
  return { ok: false, why }
}

function missingTool(): string | null {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0)
  if (version < OLDEST_JAVA)
    return `Java ${OLDEST_JAVA} or newer is not on the PATH (apt-get install openjdk-17-jre-headless)`
  if (existsSync(join(cacheDir(), 'complete'))) return null
  if (spawnSync('mvn', ['-v']).status !== 0)
    return 'Maven is not on the PATH, which fetches the broker (apt-get install maven)'
  return null
}

/** Named by what goes into it, so that a change of these files or of Java makes a new one. */
function cacheDir(): string {
  const hash = createHash('sha256')
  for (const file of ['pom.xml', 'server.properties']) hash.update(readFileSync(join(SOURCES, file)))
  hash.update(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr ?? '').update(JVM_FLAGS.join(' '))
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(root, 'understudy-proxy', `kafka-4.4.0-${hash.digest('hex').slice(0, 8)}`)
}

/**
 * Makes the distribution unless it is there. `train` starts a broker once with the given extra JVM flags, uses and stops
 * it, so that the JVM writes its class-data archive.
 */
export async function prepareKafka(
  train: (distribution: KafkaDistribution, archiveFlag: string) => Promise<void>,
): Promise<KafkaDistribution> {
  const dir = cacheDir()
  const distribution: KafkaDistribution = {
    libs: join(dir, 'libs'),
    archive: join(dir, 'classes.jsa'),
    emptyData: join(dir, 'empty-data'),
    keystore: join(dir, 'keystore.p12'),
    certificate: join(dir, 'certificate.pem'),
  }
  if (existsSync(join(dir, 'complete'))) return distribution
  await mkdir(dir, { recursive: true })
  await withLock(join(dir, 'lock'), async () => {
    if (existsSync(join(dir, 'complete'))) return
    await fetchLibs(dir, distribution)
    await makeCertificate(distribution)
    await formatData(dir, distribution)
    await rm(distribution.archive, { force: true })
    await train(distribution, `-XX:ArchiveClassesAtExit=${distribution.archive}`)
    await writeFile(join(dir, 'complete'), '')
  })
  return distribution
}

/** The text of a broker's server.properties. */
export async function kafkaProperties(values: Readonly<Record<string, string>>): Promise<string> {
  const template = await readFile(PROPERTIES, 'utf8')
  return template.replace(/@([A-Z_]+)@/g, (_placeholder, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`server.properties wants @${name}@, which nothing fills in`)
    return value
  })
}

async function fetchLibs(dir: string, { libs }: KafkaDistribution): Promise<void> {
  if (existsSync(libs)) return
  const work = join(dir, 'fetch')
  await rm(work, { recursive: true, force: true })
  await mkdir(work)
  await copyFile(join(SOURCES, 'pom.xml'), join(work, 'pom.xml'))
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(work, 'libs')}`]
  await run('mvn', ['-B', '-q', ...goal], { cwd: work, timeout: PREPARE_TIMEOUT_MS })
  await rename(join(work, 'libs'), libs)
  await rm(work, { recursive: true, force: true })
}

async function makeCertificate({ keystore, certificate }: KafkaDistribution): Promise<void> {
  await rm(keystore, { force: true })
  const store = ['-keystore', keystore, '-storepass', KAFKA_PASSWORD, '-alias', 'broker']
  const subject = ['-dname', 'CN=localhost', '-ext', 'SAN=IP:127.0.0.1', '-validity', '3650']
  await run('keytool', ['-genkeypair', '-keyalg', 'EC', '-storetype', 'PKCS12', ...store, ...subject])
  await run('keytool', ['-exportcert', '-rfc', ...store, '-file', certificate])
}

async function formatData(dir: string, { libs, emptyData, keystore }: KafkaDistribution): Promise<void> {
  await rm(emptyData, { recursive: true, force: true })
  const config = join(dir, 'format.properties')
  // The ports do not matter for an empty directory; they only have to differ.
  const ports = { PORT: '1', SECURE_PORT: '2', CONTROLLER_PORT: '3' }
  await writeFile(
    config,
    await kafkaProperties({ ...ports, DATA: emptyData, KEYSTORE: keystore, PASSWORD: KAFKA_PASSWORD }),
  )
  const tool = ['-cp', join(libs, '*'), 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config]
  await run('java', [...JVM_FLAGS, ...tool])
}
