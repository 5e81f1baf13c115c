import type { PayloadKind } from '../../config/snapshot.ts'
import { parseJson } from './json.ts'
import { decodeOip, looksLikeOip } from './oip.ts'
import { undecoded, type Payload } from './payload.ts'

/**
 * Decodes an answer that has no content encoding any more. `auto` goes by the path and the body, not by the content type,
 * which real servers and clients often leave out. Never throws.
 */
export function decodePayload(declared: PayloadKind, path: string, contentType: string, body: Buffer): Payload {
  const json = parseJson(body)
  if (json.kind === 'not_json') {
    const expected = declared !== 'auto' || isInferPath(path) || contentType.toLowerCase().includes('json')
    return undecoded(expected ? 'invalid_json' : 'not_text', json.detail)
  }
  const isOip = declared === 'oip' || (declared === 'auto' && isInferPath(path) && looksLikeOip(json.value))
  return isOip ? decodeOip(json.value) : json
}

/** May this answer be one of the Open Inference Protocol, in which a 200 can still say that the model failed? */
export function mayBeOip(declared: PayloadKind, path: string): boolean {
  return declared === 'oip' || (declared === 'auto' && isInferPath(path))
}

/** `/v2/models/{model}/infer` and `/v2/models/{model}/versions/{version}/infer`, below any prefix, with any query. */
function isInferPath(path: string): boolean {
  const query = path.indexOf('?')
  const end = query === -1 ? path.length : query
  const models = path.indexOf('/v2/models/')
  return models !== -1 && models < end && path.startsWith('/infer', end - '/infer'.length)
}
