import { createServer } from 'node:net'
import { join } from 'node:path'
import { availableParallelism } from 'node:os'
import { certificateWarnings } from '../config/certificate-warnings.ts'
import { loadSnapshot } from '../config/load.ts'
import type { LogLevel, Snapshot } from '../config/snapshot.ts'
import { watchFiles } from '../config/watch.ts'
import { AdminServer } from './admin/server.ts'
import { growDescriptorTable } from './descriptor-table.ts'
import { openLog, type Log } from './log.ts'
import { Metrics } from './metrics.ts'
import { Reloader, type ReloadResult } from './reload.ts'
import { openStore } from './open-store.ts'
import { ReportWriter } from './report-writer.ts'
import { RolloutDriver } from './rollout-driver.ts'
import { ControlState } from './state.ts'
import { Supervisor } from './supervisor.ts'
import { VerdictAnnouncer } from './verdict-announcer.ts'

/** A running proxy. */
export interface Understudy {
  readonly listenUrl: string
  readonly adminUrl: string
  readonly log: Log
  reload(why: string): Promise<ReloadResult>
  /** In-flight requests finish, pairs settle, sinks flush; then everything is closed. */
  drain(): Promise<void>
}

export interface StartOptions {
  readonly configFile: string
  /** Overrides `log.level` of the file. */
  readonly logLevel?: LogLevel
  readonly onFatal: (message: string) => void
}

/** A listener that could not be opened: what, where and why, for the user. */
export class ListenError extends Error {
  readonly key: 'listen' | 'admin'

  constructor(key: 'listen' | 'admin', address: string, cause: Error) {
    super(`cannot listen on ${address}: ${cause.message}`, { cause })
    this.key = key
  }
}

/**
 * Starts everything the file asks for.
 * @throws ConfigError when the file is not valid, ListenError when an address cannot be used, StateError when the state
 * directory cannot be.
 */
export async function startUnderstudy(options: StartOptions): Promise<Understudy> {
  const cores = availableParallelism()
  const loaded = loadSnapshot(options.configFile, { revision: 1, env: process.env, cores })
  const log = openLog(options.logLevel ?? loaded.log.level)
  await refuseTakenAddress(loaded)
  const store = await openStore(loaded, log)
  try {
    return await startWith(new ControlState(loaded, store), options, cores, log)
  } catch (error) {
    store?.close()
    throw error
  }
}

async function startWith(state: ControlState, options: StartOptions, cores: number, log: Log): Promise<Understudy> {
  const { snapshot } = state
  for (const what of [...state.overrides.ignored, ...state.rollouts.ignored]) {
    log.warn('stored state cannot be read, going on without it', { what })
  }
  const admin = new AdminServer(state, new Metrics(state), log)
  const adminUrl = await admin.listen(snapshot.admin.host, snapshot.admin.port).catch((error: Error) => {
    throw new ListenError('admin', addressOf(snapshot.admin), error)
  })
  growDescriptorTable(snapshot.limits.connections)
  const supervisor = new Supervisor(state, log)
  supervisor.onFatal = options.onFatal
  const port = await supervisor.start().catch((error: Error) => {
    throw new ListenError('listen', addressOf(snapshot.listen), error)
  })
  const reloader = new Reloader(state, supervisor, log, { cores, keepLogLevel: options.logLevel !== undefined })
  admin.reloader = reloader
  const rollouts = new RolloutDriver(state, reloader, log)
  admin.rollouts = rollouts
  const { dir } = snapshot.state
  const reports = dir === null ? null : new ReportWriter(state, join(dir, 'reports'), log)
  const announcer = new VerdictAnnouncer(state, log)
  state.onLooked = experiment => {
    announcer.looked(experiment)
    rollouts.looked(experiment)
    reports?.looked(experiment)
  }
  const onChange = (): void => void reloader.reload('a file changed')
  // Evidence of an earlier process may say by now what its rollouts have not heard.
  rollouts.lookAtAll()
  let watched = filesOf(snapshot)
  let watch = watchFiles(watched, onChange)
  state.onApplied = () => {
    rollouts.lookAtAll()
    const files = filesOf(state.snapshot)
    // The watch of the same files goes on: it may have seen one change while this one was applied.
    if (files.join('\n') === watched.join('\n')) return
    watched = files
    watch.close()
    watch = watchFiles(watched, onChange)
    // What changed between reading and watching has been seen by neither.
    onChange()
  }
  const scheme = snapshot.listen.tls === null ? 'http' : 'https'
  const listenUrl = `${scheme}://${addressOf({ host: snapshot.listen.host, port })}`
  sayStarted(log, snapshot, listenUrl, adminUrl)
  return {
    listenUrl,
    adminUrl,
    log,
    reload: why => reloader.reload(why),
    drain: async () => {
      watch.close()
      log.info('draining', {})
      await supervisor.drain()
      await reports?.settled()
      state.save()
      await admin.close()
      state.store?.close()
      log.info('drained', {})
    },
  }
}

function filesOf(snapshot: Snapshot): string[] {
  return [snapshot.source, ...snapshot.files]
}

function sayStarted(log: Log, snapshot: Snapshot, listen: string, admin: string): void {
  for (const upstream of snapshot.upstreams) {
    if (upstream.tls?.insecure)
      log.warn('TLS certificates of this upstream are not verified', { upstream: upstream.name })
  }
  for (const { path, message } of certificateWarnings(snapshot, Date.now())) log.warn(message, { path })
  const { revision, hash, source } = snapshot
  log.info('listening', { listen, admin, threads: snapshot.listen.threads, revision, hash, source })
}

/**
 * Data-plane threads bind with SO_REUSEPORT, which would silently share the port with another proxy of the same user. So
 * the address is first opened without it.
 */
async function refuseTakenAddress(snapshot: Snapshot): Promise<void> {
  const { host, port } = snapshot.listen
  if (port === 0) return
  await new Promise<void>((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: Error) => reject(new ListenError('listen', addressOf(snapshot.listen), error)))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()))
  })
}

function addressOf(address: { readonly host: string; readonly port: number }): string {
  const { host, port } = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
