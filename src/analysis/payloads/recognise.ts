import type { PayloadKind } from '../../config/snapshot.ts'
import { GENERATE } from './generate.ts'
import { OIP } from './oip.ts'
import { OPENAI } from './openai.ts'
import type { Protocol } from './protocol.ts'
import { TFSERVING } from './tfserving.ts'
import { TGI } from './tgi.ts'

/** In the order in which paths are tried: TGI's also fits Triton's `/generate`. */
const PROTOCOLS: readonly Protocol[] = [OIP, GENERATE, TFSERVING, OPENAI, TGI]

/** The protocols that answers may be of; the first is what a declared payload means. Empty: none of a model server. */
export function possibleProtocols(declared: PayloadKind): readonly Protocol[] {
  switch (declared) {
    case 'auto':
      return PROTOCOLS
    case 'oip':
      return [OIP, GENERATE]
    case 'tfserving':
      return [TFSERVING]
    case 'openai':
      return [OPENAI]
    default:
      return []
  }
}

/** The protocol that is declared, or that the path (with any query) belongs to; null: each answer decides. */
export function expectedProtocol(declared: PayloadKind, path: string): Protocol | null {
  const protocols = possibleProtocols(declared)
  const query = path.indexOf('?')
  const plain = query === -1 ? path : path.slice(0, query)
  const ofPath = protocols.find(protocol => protocol.path.test(plain)) ?? null
  return ofPath ?? (declared === 'auto' ? null : (protocols[0] ?? null))
}

/** How the answers on a path will be read, as far as that is known before they come. */
export interface ExpectedPayload {
  /** The record's word for it; null: each answer decides. */
  readonly format: string | null
  readonly why: string
}

/** What `decodePayload` expects, for people. */
export function expectedPayload(declared: PayloadKind, path: string): ExpectedPayload {
  if (declared !== 'auto')
    return { format: expectedProtocol(declared, path)?.format ?? declared, why: 'compare.payload says so' }
  const protocol = expectedProtocol(declared, path)
  if (protocol === null)
    return { format: null, why: 'the path is of no known protocol, so the content type and body of each answer decide' }
  return {
    format: protocol.format,
    why: `the path is that of ${protocol.pathInWords}, unless the body is something else`,
  }
}
