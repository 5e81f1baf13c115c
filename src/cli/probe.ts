import type { KafkaSinkPlan, Snapshot, UpstreamPlan } from '../config/snapshot.ts'
import { type HostPort, parseAddress } from '../config/units.ts'
import { probeKafka } from '../sinks/kafka-probe.ts'
import { failureReason } from './failure-reason.ts'
import { probeConnection, probeHealth, type ConnectionPlan } from './probe-connections.ts'
import { probeFile, probeState } from './probe-paths.ts'

export interface ProbeResult {
  /** `upstream churn-v1`, `sink kafka`, `state`. */
  readonly target: string
  /** What was tried: an origin, a broker, a file or directory. */
  readonly address: string
  readonly ok: boolean
  /** As much as was seen when ok, no more: `accepts connections`. */
  readonly found: string | null
  /** Why not; null when ok. */
  readonly problem: string | null
}

const BROKER_TIMEOUT_MS = 3_000

/**
 * Tries every endpoint, sink and directory at once, with what does nothing: a connection, the health check where an
 * upstream has one, and the list of a broker's topics. No record is written.
 */
export function probeAll(snapshot: Snapshot): Promise<ProbeResult[]> {
  const { dir } = snapshot.state
  const { file, kafka } = snapshot.sinks
  return Promise.all([
    ...snapshot.upstreams.flatMap(probeUpstream),
    ...(dir === null ? [] : [result('state', dir, 'can be kept', probeState(dir))]),
    ...(file === null ? [] : [result('sink file', file.path, 'can be written', probeFile(file.path))]),
    ...(kafka === null ? [] : kafka.brokers.map(broker => probeBroker(kafka, broker))),
  ])
}

function probeUpstream(upstream: UpstreamPlan): Promise<ProbeResult>[] {
  const { name, tls, timeouts, health } = upstream
  return upstream.endpoints.map(({ origin, authority }) => {
    const overTls = origin.startsWith('https:')
    const plan: ConnectionPlan = { address: addressOf(origin), overTls, tls, timeoutMs: timeouts.connectMs }
    const connected = probeConnection(plan)
    return health.path === null
      ? result(`upstream ${name}`, origin, 'accepts connections', connected)
      : result(
          `upstream ${name}`,
          origin,
          'is healthy',
          connected.then(() => probeHealth(plan, upstream, authority)),
        )
  })
}

/** First the plain connection, whose failures have better names. */
function probeBroker(kafka: KafkaSinkPlan, broker: string): Promise<ProbeResult> {
  const { tls } = kafka
  const address = parseAddress(broker) as HostPort
  const connected = probeConnection({ address, overTls: tls !== null, tls, timeoutMs: BROKER_TIMEOUT_MS })
  const answered = connected.then(() => probeKafka(kafka, broker))
  return result('sink kafka', broker, 'answers', answered)
}

async function result(target: string, address: string, found: string, attempt: Promise<void>): Promise<ProbeResult> {
  try {
    await attempt
    return { target, address, ok: true, found, problem: null }
  } catch (error) {
    return { target, address, ok: false, found: null, problem: describe(error) }
  }
}

function addressOf(origin: string): HostPort {
  const url = new URL(origin)
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return { host: url.hostname.replaceAll(/[[\]]/g, ''), port }
}

const FILE_REASONS = {
  ENOENT: 'the directory does not exist',
  EACCES: 'this user may not write there',
  EROFS: 'the file system is read-only',
}

function describe(error: unknown): string {
  return failureReason(error, { authority: 'tls.ca', name: 'tls.servername' }, FILE_REASONS)
}
