import { canonicalJson, sha256Hex } from './canonical.ts'
import { compileRoutes } from './compile-routes.ts'
import { compileUpstreams } from './compile-upstreams.ts'
import { certificateReader } from './certificates.ts'
import type { Report } from './problems.ts'
import type { RoutingFile } from './schema.ts'
import type { LimitsPlan, ListenPlan, RecordPlan, SinksPlan, Snapshot } from './snapshot.ts'
import { formatAddress, isLoopback } from './units.ts'

export interface CompileOptions {
  /** The file's path as the user gave it; certificates are relative to its directory. */
  readonly source: string
  readonly revision: number
  readonly cores: number
  readonly report: Report
  /** Files the routing file names, read so far; certificates are added. */
  readonly filesRead: Set<string>
}

/** Resolves a valid file to a snapshot. What the schema cannot see is reported; the snapshot is only good without reports. */
export function compile(file: RoutingFile, options: CompileOptions): Snapshot {
  const { report, revision, source } = options
  const certificates = certificateReader(source, report, options.filesRead)
  const { routes, experiments } = compileRoutes(file, report)
  const body = {
    listen: compileListen(file, certificates, options),
    admin: compileAdmin(file, report),
    state: file.state,
    limits: compileLimits(file),
    upstreams: compileUpstreams(file, certificates, report),
    routes,
    experiments,
    record: compileRecord(file),
    sinks: compileSinks(file, certificates),
    log: file.log,
  }
  return { revision, hash: hashOf(body), source, files: [...options.filesRead].sort(), ...body }
}

type Certificates = ReturnType<typeof certificateReader>

function compileListen({ listen }: RoutingFile, certificates: Certificates, options: CompileOptions): ListenPlan {
  if (listen.tls?.client_auth === true && listen.tls.ca === null) {
    options.report(['listen', 'tls', 'client_auth'], 'needs `ca`', 'name the authorities that sign client certificates')
  }
  return {
    ...listen.address,
    threads: listen.threads === 'auto' ? Math.max(1, options.cores - 1) : listen.threads,
    tls: listen.tls === null ? null : certificates.server(['listen', 'tls'], listen.tls),
  }
}

function compileAdmin({ admin, listen }: RoutingFile, report: Report): Snapshot['admin'] {
  const { host, port } = admin.address
  if (!isLoopback(host) && admin.token === null) {
    const hint = 'add token: !file admin.token, or token: none to open it to everyone who can reach it'
    report(['admin', 'address'], 'an admin address that is not loopback needs a token', hint)
  }
  if (port !== 0 && formatAddress(admin.address) === formatAddress(listen.address)) {
    report(['admin', 'address'], 'is also the address of `listen`', 'use another port')
  }
  return { host, port, token: admin.token === 'none' ? null : admin.token }
}

function compileLimits({ limits }: RoutingFile): LimitsPlan {
  return {
    bodyBytes: limits.body,
    headersBytes: limits.headers,
    connections: limits.connections,
    inFlight: limits.in_flight,
    requestMs: limits.request,
    headerWaitMs: limits.header_wait,
    idleMs: limits.idle,
    busyShare: limits.busy / 100,
  }
}

function compileRecord({ record }: RoutingFile): RecordPlan | null {
  if (record === 'off') return null
  return {
    bodies: record.bodies,
    maxBodyBytes: record.max_body,
    redactPaths: record.redact.flatMap(rule => ('path' in rule ? [rule.path] : [])),
    redactHeaders: record.redact.flatMap(rule => ('header' in rule ? [rule.header] : [])),
  }
}

function compileSinks({ sinks: { file, kafka } }: RoutingFile, certificates: Certificates): SinksPlan {
  return {
    file: file === null ? null : { path: file.path, rotateBytes: file.rotate, keep: file.keep },
    kafka:
      kafka === null
        ? null
        : {
            brokers: kafka.brokers.map(formatAddress),
            pairs: kafka.pairs,
            windows: kafka.windows,
            compression: kafka.compression,
            acks: kafka.acks,
            lingerMs: kafka.linger,
            tls: kafka.tls === null ? null : certificates.client(['sinks', 'kafka', 'tls'], kafka.tls),
            sasl: kafka.sasl,
          },
  }
}

const SECRET_KEYS = new Set(['token', 'password', 'key', 'cert', 'ca', 'setBody'])

/** The hash is shown in logs and the admin API, so secrets go in as their own hash only. */
function hashOf(body: Omit<Snapshot, 'revision' | 'hash' | 'source' | 'files'>): string {
  const hidden = JSON.stringify(body, (key, value: unknown) => {
    if (typeof value === 'string' && SECRET_KEYS.has(key)) return sha256Hex(value)
    return key === 'set' ? (value as [string, string][]).map(([name, text]) => [name, sha256Hex(text)]) : value
  })
  return sha256Hex(canonicalJson(JSON.parse(hidden))).slice(0, 12)
}
