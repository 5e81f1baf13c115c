import { expectedPayload, type ExpectedPayload } from '../analysis/payloads/recognise.ts'
import { formatKeySource } from '../config/key-source.ts'
import type { RoutePlan, ShadowPlan, Snapshot } from '../config/snapshot.ts'
import { ChunkList } from '../dataplane/chunk-list.ts'
import { decideControl, decideShadow, type Decision } from '../dataplane/routing/assign.ts'
import type { RequestHead } from '../dataplane/routing/request-head.ts'
import { patchedBody, pathOfCopy } from '../dataplane/shadow/copy-request.ts'
import { readMergePatch } from '../dataplane/shadow/merge-patch.ts'

/** Who gets a copy of a request. */
export interface CopiesExplanation {
  readonly shadows: readonly ShadowExplanation[]
  /** null: the route has no control. */
  readonly control: ShadowExplanation | null
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

/** Where no route answers. */
export const NO_COPIES: CopiesExplanation = { shadows: [], control: null }

/** `arm`: which upstream answers the client. */
export function explainCopies(
  snapshot: Snapshot,
  route: RoutePlan,
  head: RequestHead,
  body: Buffer,
  { arm }: { readonly arm: 'primary' | 'canary' },
): CopiesExplanation {
  const explained = (shadow: ShadowPlan, decided: Decision, whyNot: string | null) => {
    const reason = whyNoneIsCopied(head, arm) ?? whyNot ?? whyNotCopied(shadow, head, body, decided)
    return explainCopy(snapshot, shadow, head, decided, reason)
  }
  const decided = route.shadows.map(shadow => ({ shadow, decision: decideShadow(route, shadow, head) }))
  const isSampled = decided.some(({ shadow, decision }) => decision.chosen && shadow.methods.includes(head.method))
  const { control } = route
  return {
    shadows: decided.map(({ shadow, decision }) => explained(shadow, decision, null)),
    control:
      control === null
        ? null
        : explained(control, decideControl(route, control, head), isSampled ? null : 'no shadow is sampled'),
  }
}

function explainCopy(
  snapshot: Snapshot,
  shadow: ShadowPlan,
  head: RequestHead,
  decided: Decision,
  reason: string | null,
): ShadowExplanation {
  const experiment = snapshot.experiments[shadow.experiment]
  const compare = experiment?.compare ?? null
  const target = head.query === '' ? head.path : `${head.path}?${head.query}`
  return {
    upstream: upstreamName(snapshot, shadow.upstream),
    experiment: experiment?.id ?? '',
    copied: reason === null,
    reason,
    path: shadow.path === null ? null : pathOfCopy(shadow, target),
    setBody: shadow.setBody,
    decision: { ...decided, percent: shadow.percent, source: formatKeySource(shadow.key) },
    payload: compare === null ? null : expectedPayload(compare.payload, head.path),
  }
}

/** What keeps all copies away. */
function whyNoneIsCopied({ headers }: RequestHead, arm: 'primary' | 'canary'): string | null {
  if (headers['x-understudy-role'] !== undefined) return 'the request is a copy itself (x-understudy-role)'
  if (headers['early-data'] !== undefined) return 'the request is early data, which may be a replay (early-data)'
  return arm === 'canary' ? 'the canary answers: only what the primary answers can be compared' : null
}

function whyNotCopied(shadow: ShadowPlan, head: RequestHead, body: Buffer, decision: Decision): string | null {
  if (!shadow.methods.includes(head.method)) return `the method is none of ${shadow.methods.join(', ')}`
  if (!shadow.websockets && head.headers['upgrade']?.toLowerCase() === 'websocket')
    return 'sessions of WebSocket clients are not copied (websockets: false)'
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

export function upstreamName(snapshot: Snapshot, index: number): string {
  return snapshot.upstreams[index]?.name ?? ''
}
