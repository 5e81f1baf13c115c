import type { ControlState } from '../state.ts'
import type { Metrics } from '../metrics.ts'
import type { ReloadResult } from '../reload.ts'
import { experimentView, experimentViews, findExperiment } from './experiment-view.ts'

export interface AdminContext {
  readonly state: ControlState
  readonly metrics: Metrics
  readonly reload: (why: string) => Promise<ReloadResult>
}

export interface AdminRequest {
  /** The `{id}` of the path, decoded; empty for paths without one. */
  readonly id: string
  readonly query: URLSearchParams
}

/** `body` is sent as JSON unless `type` says otherwise. */
export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
  readonly type?: string
}

export interface AdminRoute {
  readonly method: 'GET' | 'POST'
  /** `{id}` stands for one path segment. */
  readonly path: string
  readonly summary: string
  /** Probes must work without the token. */
  readonly open: boolean
  readonly answer: (context: AdminContext, request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>
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

async function reload({ reload: doReload }: AdminContext): Promise<AdminAnswer> {
  const result = await doReload('asked for by the admin API')
  return { status: result.result === 'refused' ? 422 : 200, body: result }
}

function experiments({ state }: AdminContext): AdminAnswer {
  return ok({ experiments: experimentViews(state) })
}

function experiment({ state }: AdminContext, { id }: AdminRequest): AdminAnswer {
  const found = findExperiment(state, id)
  return found === null ? unknown(id) : ok(experimentView(state, found))
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
