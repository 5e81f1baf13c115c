import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { ClientTlsPlan, Snapshot } from '../config/snapshot.ts'
import { type HostPort, parseAddress } from '../config/units.ts'
import { STATE_FILE } from '../judge/store/schema.ts'
import { failureReason } from './failure-reason.ts'

export interface ProbeResult {
  /** `upstream churn-v1`, `sink kafka`, `state`. */
  readonly target: string
  /** What was tried: an origin, a broker, a file or directory. */
  readonly address: string
  readonly ok: boolean
  /** Why not; null when ok. */
  readonly problem: string | null
}

const BROKER_TIMEOUT_MS = 3_000

/** Tries every endpoint, sink and directory at once, and only to connect: no request is sent and no record written. */
export function probeAll(snapshot: Snapshot): Promise<ProbeResult[]> {
  const probes: Promise<ProbeResult>[] = []
  for (const upstream of snapshot.upstreams) {
    for (const { origin } of upstream.endpoints) {
      const connection = probeSocket(
        addressOf(origin),
        upstream.tls,
        origin.startsWith('https:'),
        upstream.timeouts.connectMs,
      )
      probes.push(result(`upstream ${upstream.name}`, origin, connection))
    }
  }
  const { dir } = snapshot.state
  if (dir !== null) probes.push(result('state', dir, probeState(dir)))
  const { file, kafka } = snapshot.sinks
  if (file !== null) probes.push(result('sink file', file.path, probeFile(file.path)))
  for (const broker of kafka?.brokers ?? []) {
    const connection = probeSocket(
      parseAddress(broker) as HostPort,
      kafka?.tls ?? null,
      kafka?.tls !== null,
      BROKER_TIMEOUT_MS,
    )
    probes.push(result('sink kafka', broker, connection))
  }
  return Promise.all(probes)
}

async function result(target: string, address: string, attempt: Promise<void>): Promise<ProbeResult> {
  try {
    await attempt
    return { target, address, ok: true, problem: null }
  } catch (error) {
    return { target, address, ok: false, problem: describe(error) }
  }
}

function addressOf(origin: string): HostPort {
  const url = new URL(origin)
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return { host: url.hostname.replaceAll(/[[\]]/g, ''), port }
}

/** Resolves once a connection (and its TLS handshake) stood; it is closed at once. */
function probeSocket(
  address: HostPort,
  plan: ClientTlsPlan | null,
  overTls: boolean,
  timeoutMs: number,
): Promise<void> {
  return new Promise((done, fail) => {
    const socket: Socket = overTls ? connectTls(tlsOptions(address, plan)) : connectTcp(address)
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs)
    socket.once(overTls ? 'secureConnect' : 'connect', () => {
      done()
      socket.destroy()
    })
    socket.once('error', fail)
    socket.once('close', () => {
      clearTimeout(timer)
      fail(new Error('the connection was closed during the handshake'))
    })
  })
}

function tlsOptions(address: HostPort, plan: ClientTlsPlan | null) {
  const servername = plan?.servername ?? (isIP(address.host) === 0 ? address.host : undefined)
  return {
    ...address,
    rejectUnauthorized: plan?.insecure !== true,
    ...(servername === undefined ? {} : { servername }),
    ...(plan?.ca ? { ca: plan.ca } : {}),
    ...(plan?.cert && plan.key ? { cert: plan.cert, key: plan.key } : {}),
  }
}

/** The directory is made at the start: then the nearest one that is there must take it. Nothing is opened. */
async function probeState(dir: string): Promise<void> {
  const existing = await stat(dir).catch(() => null)
  if (existing === null) return probeState(dirname(resolve(dir)))
  if (!existing.isDirectory()) throw new Error(`${resolve(dir)} is not a directory`)
  await access(dir, constants.W_OK)
  const file = join(dir, STATE_FILE)
  if ((await stat(file).catch(() => null)) !== null) await access(file, constants.W_OK)
}

async function probeFile(path: string): Promise<void> {
  const directory = dirname(resolve(path))
  if (!(await stat(directory)).isDirectory()) throw new Error(`${directory} is not a directory`)
  await access(directory, constants.W_OK)
  const existing = await stat(path).catch(() => null)
  if (existing === null) return
  if (!existing.isFile()) throw new Error('is not a file')
  await access(path, constants.W_OK)
}

const FILE_REASONS = {
  ENOENT: 'the directory does not exist',
  EACCES: 'this user may not write there',
  EROFS: 'the file system is read-only',
}

function describe(error: unknown): string {
  return failureReason(error, { authority: 'tls.ca', name: 'tls.servername' }, FILE_REASONS)
}
