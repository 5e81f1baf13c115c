import type { ServerResponse } from 'node:http'
import type { ControlState } from '../state.ts'
import { effectiveVerdict } from '../effective-verdict.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Reloader, ReloadResult } from '../reload.ts'
import type { RolloutDriver } from '../rollout-driver.ts'
import { readCanaryChange } from './canary-change.ts'
import { canaryView } from './canary-view.ts'
import { overrideVerdict, readOverrideChange } from './override-change.ts'
import { parseDuration } from '../../config/units.ts'
import { FORMAT_FACTS, isReportFormat, renderReport, REPORT_FORMATS } from '../../judge/report/format.ts'
import { gatherReport } from '../gather-report.ts'
import { experimentView, experimentViews, findExperiment } from './experiment-view.ts'
import { verdictView } from './verdict-view.ts'

export interface AdminContext {
  readonly state: ControlState
  readonly metrics: Metrics
  readonly log: Log
  /** null while starting. */
  readonly reloader: Reloader | null
  readonly rollouts: RolloutDriver | null
}

export interface AdminRequest {
  /** The `{id}` or `{route}` of the path, decoded; empty for paths without one. */
  readonly id: string
  readonly query: URLSearchParams
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown
}

/** `body` is sent as JSON unless `type` says otherwise. */
export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer that goes on. `stream` writes head and body; false: there is no room for another one. */
export interface AdminStream {
  readonly stream: (response: ServerResponse) => boolean
}

export interface AdminRoute {
  readonly method: 'GET' | 'POST'
  /** `{id}` and `{route}` stand for one path segment. */
  readonly path: string
  readonly summary: string
  /** Probes must work without the token. */
  readonly open: boolean
  readonly answer: (context: AdminContext, request: AdminRequest) => AdminAnswer | AdminStream | Promise<AdminAnswer>
}

const LIMIT_DEFAULT = 20
const LIMIT_MAX = 1_000

/** Every route of the admin API. The README's table is tested against this one, both ways. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  { method: 'GET', path: '/healthz', summary: 'the process is alive', open: true, answer: () => ok({ status: 'ok' }) },
  {
    method: 'GET',
    path: '/readyz',
    summary: 'it takes traffic (503 while starting or draining)',
    open: true,
    answer: readiness,
  },
  { method: 'GET', path: '/metrics', summary: 'Prometheus text', open: false, answer: metricsText },
  {
    method: 'GET',
    path: '/api/v1/config',
    summary: 'the configuration in force and the last refused one',
    open: false,
    answer: config,
  },
  { method: 'POST', path: '/api/v1/reload', summary: 'reads the routing file again', open: false, answer: reload },
  {
    method: 'GET',
    path: '/api/v1/experiments',
    summary: 'all experiments with their counts',
    open: false,
    answer: experiments,
  },
  {
    method: 'GET',
    path: '/api/v1/experiments/{id}',
    summary: 'counts, latency and top differing fields of one',
    open: false,
    answer: experiment,
  },
  {
    method: 'GET',
    path: '/api/v1/experiments/{id}/verdict',
    summary: 'its verdict with the evidence of every gate; `?wait=30s` answers when it is no longer CONTINUE, or then',
    open: false,
    answer: verdict,
  },
  {
    method: 'GET',
    path: '/api/v1/experiments/{id}/report',
    summary: 'its promotion report; `?format=` markdown (if absent), html or json',
    open: false,
    answer: report,
  },
  {
    method: 'GET',
    path: '/api/v1/experiments/{id}/windows',
    summary: 'its newest sealed windows (`?limit=`)',
    open: false,
    answer: windows,
  },
  {
    method: 'GET',
    path: '/api/v1/experiments/{id}/disagreements',
    summary: 'its newest disagreeing pairs (`?limit=`)',
    open: false,
    answer: disagreements,
  },
  {
    method: 'POST',
    path: '/api/v1/experiments/{id}/override',
    summary: 'overrides its verdict: `{verdict, actor, reason}`; `null` takes it back',
    open: false,
    answer: override,
  },
  {
    method: 'GET',
    path: '/api/v1/routes/{route}/canary',
    summary: 'the canary percentage and what its rollout does next',
    open: false,
    answer: canary,
  },
  {
    method: 'POST',
    path: '/api/v1/routes/{route}/canary',
    summary: 'sets the canary percentage: `{percent, actor, reason}`, with `ramp: "resume"` the ramp goes on from it',
    open: false,
    answer: setCanary,
  },
  {
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'who changed what, and why (`?limit=`)',
    open: false,
    answer: audit,
  },
  {
    method: 'GET',
    path: '/api/v1/events',
    summary: 'server-sent events from now on: `verdict`, `rollout`, `audit`, `config`',
    open: false,
    answer: events,
  },
]

function readiness({ state }: AdminContext): AdminAnswer {
  return state.ready
    ? ok({ status: 'ready' })
    : { status: 503, body: { status: state.draining ? 'draining' : 'starting' } }
}

async function metricsText({ metrics }: AdminContext): Promise<AdminAnswer> {
  return { status: 200, body: await metrics.text(), type: metrics.contentType }
}

function config({ state }: AdminContext): AdminAnswer {
  const { revision, hash, source } = state.snapshot
  return ok({ revision, hash, source, loadedAt: state.loadedAt, lastFailure: state.lastFailure })
}

async function reload({ reloader }: AdminContext): Promise<AdminAnswer> {
  return reloader === null ? STARTING : reloaded(await reloader.reload('asked for by the admin API'))
}

function canary({ state }: AdminContext, { id }: AdminRequest): AdminAnswer {
  const view = canaryView(state, id)
  return view === null ? { status: 404, body: { error: `no route "${id}" with a canary` } } : ok(view)
}

async function setCanary({ rollouts }: AdminContext, { id, body }: AdminRequest): Promise<AdminAnswer> {
  const change = readCanaryChange(id, body)
  if (typeof change === 'string') return { status: 400, body: { error: change } }
  return rollouts === null ? STARTING : reloaded(await rollouts.setByHand(change))
}

function override({ state, log }: AdminContext, { id, body }: AdminRequest): AdminAnswer {
  const found = findExperiment(state, id)
  if (found === null) return unknown(id)
  const change = readOverrideChange(body)
  if (typeof change === 'string') return { status: 400, body: { error: change } }
  return overrideVerdict(state, log, found, change) ? ok(verdictView(state, found)) : unknown(id)
}

function audit({ state }: AdminContext, { query }: AdminRequest): AdminAnswer {
  return limited(query, limit => ({ entries: state.audit.newest(limit) }))
}

function events({ state }: AdminContext): AdminStream {
  return { stream: response => state.events.add(response) }
}

const STARTING: AdminAnswer = { status: 503, body: { error: 'still starting' } }

function reloaded(result: ReloadResult): AdminAnswer {
  return { status: result.result === 'refused' ? 422 : 200, body: result }
}

function experiments({ state }: AdminContext): AdminAnswer {
  return ok({ experiments: experimentViews(state) })
}

function experiment({ state }: AdminContext, { id }: AdminRequest): AdminAnswer {
  const found = findExperiment(state, id)
  return found === null ? unknown(id) : ok(experimentView(state, found))
}

/** Longer waits would hold connections that nobody may be behind any more: ask again. */
const WAIT_MAX_MS = 5 * 60_000

async function verdict({ state }: AdminContext, { id, query }: AdminRequest): Promise<AdminAnswer> {
  const found = findExperiment(state, id)
  if (found === null) return unknown(id)
  const wait = query.get('wait')
  const waitMs = wait === null ? 0 : parseDuration(wait)
  if (waitMs === null || waitMs > WAIT_MAX_MS) {
    return { status: 400, body: { error: 'wait must be a duration of at most 5m, for example 30s' } }
  }
  const isDone = (): boolean => state.draining || effectiveVerdict(state, found)?.verdict !== 'CONTINUE'
  await state.verdicts.until(found, waitMs, isDone)
  const view = verdictView(state, found)
  return view === null ? unknown(id) : ok(view)
}

function report({ state }: AdminContext, { id, query }: AdminRequest): AdminAnswer {
  const format = query.get('format') ?? 'markdown'
  if (!isReportFormat(format))
    return { status: 400, body: { error: `format must be one of ${REPORT_FORMATS.join(', ')}` } }
  const found = findExperiment(state, id)
  const input = found === null ? null : gatherReport(state, found, new Date().toISOString())
  if (input === null) return unknown(id)
  return { status: 200, body: renderReport(input, format), type: FORMAT_FACTS[format].contentType }
}

function windows({ state }: AdminContext, { id, query }: AdminRequest): AdminAnswer {
  const found = findExperiment(state, id)
  if (found === null) return unknown(id)
  return limited(query, limit => ({ experiment: found, windows: state.ledger.windows(found, limit) }))
}

function disagreements({ state }: AdminContext, { id, query }: AdminRequest): AdminAnswer {
  const found = findExperiment(state, id)
  if (found === null) return unknown(id)
  return limited(query, limit => ({ experiment: found, disagreements: state.disagreements(found, limit) }))
}

function limited(query: URLSearchParams, body: (limit: number) => unknown): AdminAnswer {
  const given = query.get('limit')
  const limit = given === null ? LIMIT_DEFAULT : Number(given)
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    return { status: 400, body: { error: `limit must be a whole number from 1 to ${LIMIT_MAX}` } }
  }
  return ok(body(limit))
}

function unknown(id: string): AdminAnswer {
  return { status: 404, body: { error: `no experiment "${id}"; GET /api/v1/experiments lists them` } }
}

function ok(body: unknown): AdminAnswer {
  return { status: 200, body }
}
