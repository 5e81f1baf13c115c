import { formatKeySource } from '../config/key-source.ts'
import type { RoutePlan, ShadowPlan, Snapshot } from '../config/snapshot.ts'
import { expectedPayload, type ExpectedPayload } from '../analysis/payloads/recognise.ts'
import { decideCanary, decideShadow, type Decision } from '../dataplane/routing/assign.ts'
import { ChunkList } from '../dataplane/chunk-list.ts'
import { modelOf } from '../dataplane/routing/body-json.ts'
import { matchRoute, mismatch, type MatchPart } from '../dataplane/routing/match.ts'
import type { RequestHead } from '../dataplane/routing/request-head.ts'
import { patchedBody, pathOfCopy } from '../dataplane/shadow/copy-request.ts'
import { readMergePatch } from '../dataplane/shadow/merge-patch.ts'

/** What becomes of one request, step by step; the JSON of `understudy explain --json`. */
export interface Explanation {
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
  readonly shadows: readonly ShadowExplanation[]
}

export interface ArmExplanation {
  readonly arm: 'primary' | 'canary'
  readonly upstream: string
  /** null: the route has no canary. */
  readonly decision: DecisionExplanation | null
}

export interface ShadowExplanation {
  readonly upstream: string
  readonly experiment: string
  readonly copied: boolean
  /** Why not; null when copied. */
  readonly reason: string | null
  /** Path and query that a copy asks for; null: those of the request. */
  readonly path: string | null
  /** JSON merge patch for the body of a copy, as text; null: it stays as it is. */
  readonly setBody: string | null
  readonly decision: DecisionExplanation
  /** How the answers will be read; null: `compare: off`. */
  readonly payload: ExpectedPayload | null
}

export interface DecisionExplanation extends Decision {
  readonly percent: number
  /** `header:x-user-id`; `none` when every request is decided on its own. */
  readonly source: string
}

/** Uses the functions of the data plane, so it cannot say anything else than the proxy does. */
export function explainRequest(snapshot: Snapshot, head: RequestHead, body: Buffer): Explanation {
  const { method, path, host, requestId } = head
  const bodyBytes = body.length
  const index = matchRoute(snapshot.routes, head)
  const tried = snapshot.routes
    .slice(0, index < 0 ? undefined : index + 1)
    .map(route => ({ route: route.name, mismatch: mismatch(route.match, head) }))
  const route = snapshot.routes[index]
  const refused = refusal(snapshot, route, bodyBytes)
  const served = refused === null ? route : undefined
  const arm = served === undefined ? null : explainArm(snapshot, served, head)
  return {
    request: { method, path, host, requestId, bodyBytes, model: modelOf(head) },
    tried,
    route: route?.name ?? null,
    refused,
    arm,
    shadows: served === undefined ? [] : served.shadows.map(s => explainShadow(snapshot, served, s, head, body, arm)),
  }
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

function explainShadow(
  snapshot: Snapshot,
  route: RoutePlan,
  shadow: ShadowPlan,
  head: RequestHead,
  body: Buffer,
  arm: ArmExplanation | null,
): ShadowExplanation {
  const decision = {
    ...decideShadow(route, shadow, head),
    percent: shadow.percent,
    source: formatKeySource(shadow.key),
  }
  const reason = whyNotCopied(shadow, head, body, arm, decision)
  const experiment = snapshot.experiments[shadow.experiment]
  const compare = experiment?.compare ?? null
  return {
    upstream: upstreamName(snapshot, shadow.upstream),
    experiment: experiment?.id ?? '',
    copied: reason === null,
    reason,
    path:
      shadow.path === null ? null : pathOfCopy(shadow, head.query === '' ? head.path : `${head.path}?${head.query}`),
    setBody: shadow.setBody,
    decision,
    payload: compare === null ? null : expectedPayload(compare.payload, head.path),
  }
}

function whyNotCopied(
  shadow: ShadowPlan,
  head: RequestHead,
  body: Buffer,
  arm: ArmExplanation | null,
  decision: Decision,
): string | null {
  if (head.headers['x-understudy-role'] !== undefined) return 'the request is a copy itself (x-understudy-role)'
  if (arm?.arm === 'canary') return 'the canary answers: only what the primary answers can be compared'
  if (!shadow.methods.includes(head.method)) return `the method is none of ${shadow.methods.join(', ')}`
  if (!decision.chosen) return 'not sampled'
  if (body.length > shadow.maxBodyBytes) return `the body is over max_body (${shadow.maxBodyBytes} bytes)`
  return isPatchable(shadow, head, body) ? null : 'set_body cannot be applied: the body is not JSON, or is compressed'
}

function isPatchable({ setBody }: ShadowPlan, head: RequestHead, body: Buffer): boolean {
  if (setBody === null) return true
  const whole = new ChunkList()
  whole.add(body)
  return patchedBody(head, whole, readMergePatch(setBody)) !== null
}

function upstreamName(snapshot: Snapshot, index: number): string {
  return snapshot.upstreams[index]?.name ?? ''
}
