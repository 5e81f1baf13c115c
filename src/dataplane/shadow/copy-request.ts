import type { ShadowPlan } from '../../config/snapshot.ts'
import type { ChunkList } from '../chunk-list.ts'
import type { Exchange } from '../exchange.ts'
import { forShadow, forUpstream, withoutBodyDigests, type RawHeaders } from '../http/request-headers.ts'
import type { RequestHead } from '../routing/request-head.ts'
import type { ShadowRuntime } from '../runtime.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { LegRequest } from '../upstream/leg.ts'
import { applyMergePatch, type MergePatch } from './merge-patch.ts'

/**
 * What a copy asks: the client's request with the path, the headers and the body that its shadow is to get. The client's
 * own bytes are looked at, never changed. null: `set_body` needs JSON, and the body is none.
 */
export function copyRequest(exchange: Exchange, shadow: ShadowRuntime, endpoint: Endpoint): LegRequest | null {
  const { head, requestBody, originForm, sharedHeaders } = exchange
  const { plan, upstream, mergePatch } = shadow
  const body = mergePatch === null ? requestBody : patchedBody(head, requestBody, mergePatch)
  if (body === null) return null
  const fields = forUpstream(sharedHeaders, head.host, upstream.plan, endpoint.plan)
  const headers = forShadow(describing(body === requestBody, fields), plan.headers, shadow.role, upstream.plan.name)
  const path = pathOfCopy(plan, originForm)
  return { method: head.method, path, headers, body: body.bytes === 0 ? null : body, length: undefined }
}

/** Path and query that a copy of a request for `originForm` asks for. */
export function pathOfCopy({ path }: Pick<ShadowPlan, 'path'>, originForm: string): string {
  if (path === null) return originForm
  const question = originForm.indexOf('?')
  return question === -1 ? path : path + originForm.slice(question)
}

/**
 * The body with the patch applied; a request without a body has nothing to patch and stays as it is. null: not JSON, or
 * compressed, or followed by binary tensors, whose header says how long the JSON is.
 */
export function patchedBody({ headers }: RequestHead, body: ChunkList, patch: MergePatch): ChunkList | null {
  if (body.bytes === 0) return body
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity' || headers['inference-header-content-length'] !== undefined) return null
  return applyMergePatch(body.whole(), patch)
}

/** What the client says of its body must not be said of another one. */
function describing(isSameBody: boolean, fields: RawHeaders): RawHeaders {
  return isSameBody ? fields : withoutBodyDigests(fields)
}
