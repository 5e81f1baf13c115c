import type { ReloadResult } from '../reload.ts'
import { limited, ok, type AdminAnswer, type AdminContext, type AdminRequest, type AdminStream } from './answers.ts'
import { readCanaryChange } from './canary-change.ts'
import { canaryView } from './canary-view.ts'
import { disagreements, experiment, experiments, override, report, verdict, windows } from './experiment-answers.ts'

/** A row of the table: who may ask for what, and which function answers. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST'
  /** `{id}` and `{route}` stand for one path segment. */
  readonly path: string
  readonly summary: string
  /** Probes must work without the token. */
  readonly open: boolean
  readonly answer: (context: AdminContext, request: AdminRequest) => AdminAnswer | AdminStream | Promise<AdminAnswer>
}

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
