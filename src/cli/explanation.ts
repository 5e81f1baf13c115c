import { formatKeySource } from '../config/key-source.ts'
import type { RoutePlan, Snapshot } from '../config/snapshot.ts'
import { ProxyError } from '../errors.ts'
import { readTarget } from '../dataplane/http/target.ts'
import { decideCanary } from '../dataplane/routing/assign.ts'
import { modelOf } from '../dataplane/routing/body-json.ts'
import { readKey } from '../dataplane/routing/key.ts'
import { matchRoute, mismatch, type MatchPart } from '../dataplane/routing/match.ts'
import type { RequestHead } from '../dataplane/routing/request-head.ts'
import {
  explainCopies,
  NO_COPIES,
  upstreamName,
  type CopiesExplanation,
  type DecisionExplanation,
} from './explain-copies.ts'

/** What becomes of one request, step by step; the JSON of `understudy explain --json`. */
export interface Explanation extends CopiesExplanation {
  readonly request: {
    readonly method: string
    readonly path: string
    readonly host: string
    readonly requestId: string
    readonly bodyBytes: number
    /** What `match.model` is compared with. */
    readonly model: string | null
  }
  /** The routes in the order they were tried, up to the one that matched. */
  readonly tried: readonly { readonly route: string; readonly mismatch: MatchPart | null }[]
  readonly route: string | null
  /** Status and reason when Understudy answers itself. */
  readonly refused: { readonly status: number; readonly reason: string } | null
  readonly arm: ArmExplanation | null
  /** Whose one vote the exchange is; null: the route has no `unit`, each exchange has its own. */
  readonly unit: UnitExplanation | null
}

export interface UnitExplanation {
  /** `header:x-session-id` */
  readonly source: string
  /** null: the request has none, so it has a vote of its own. */
  readonly key: string | null
}

export interface ArmExplanation {
  readonly arm: 'primary' | 'canary'
  readonly upstream: string
  /** null: the route has no canary. */
  readonly decision: DecisionExplanation | null
}

/** Uses the functions of the data plane, so it cannot say anything else than the proxy does. */
export function explainRequest(snapshot: Snapshot, head: RequestHead, body: Buffer): Explanation {
  const { method, path, host, requestId } = head
  const bodyBytes = body.length
  const malformed = malformedTarget(head)
  const index = malformed === null ? matchRoute(snapshot.routes, head) : -1
  const looked = malformed === null ? snapshot.routes.slice(0, index < 0 ? undefined : index + 1) : []
  const tried = looked.map(route => ({ route: route.name, mismatch: mismatch(route.match, head) }))
  const route = snapshot.routes[index]
  const refused = malformed ?? refusal(snapshot, route, bodyBytes)
  const served = refused === null ? route : undefined
  const arm = served === undefined ? null : explainArm(snapshot, served, head)
  const copies = served === undefined || arm === null ? NO_COPIES : explainCopies(snapshot, served, head, body, arm)
  return {
    request: { method, path, host, requestId, bodyBytes, model: modelOf(head) },
    tried,
    route: route?.name ?? null,
    refused,
    arm,
    ...copies,
    unit: served === undefined ? null : explainUnit(served, head),
  }
}

/** Answered before any route is looked at. */
function malformedTarget({ path, query, headers }: RequestHead): Explanation['refused'] {
  const read = readTarget(query === '' ? path : `${path}?${query}`, headers.host)
  return read instanceof ProxyError ? { status: read.status, reason: read.message } : null
}

function refusal(snapshot: Snapshot, route: RoutePlan | undefined, bodyBytes: number): Explanation['refused'] {
  if (route === undefined) return { status: 404, reason: 'no route matches' }
  const limit = snapshot.limits.bodyBytes
  return bodyBytes > limit ? { status: 413, reason: `the body is over limits.body (${limit} bytes)` } : null
}

function explainArm(snapshot: Snapshot, route: RoutePlan, head: RequestHead): ArmExplanation {
  if (route.canary === null) return { arm: 'primary', upstream: upstreamName(snapshot, route.primary), decision: null }
  const { percent, sticky } = route.canary
  const decided = decideCanary(route, route.canary, head)
  const decision = { ...decided, percent, source: sticky === null ? 'none' : formatKeySource(sticky) }
  const upstream = upstreamName(snapshot, decided.chosen ? route.canary.upstream : route.primary)
  return { arm: decided.chosen ? 'canary' : 'primary', upstream, decision }
}

function explainUnit({ unit }: RoutePlan, head: RequestHead): UnitExplanation | null {
  return unit === null ? null : { source: formatKeySource(unit), key: readKey(unit, head) }
}
