import { decodeBody } from '../../src/analysis/payloads/decode-body.ts'
import { decodePayload } from '../../src/analysis/payloads/decode.ts'
import type { Decoded } from '../../src/analysis/payloads/protocol.ts'
import type { PayloadKind } from '../../src/config/snapshot.ts'
import type { CapturedAnswer } from './captures.ts'

export const EVENT_STREAM = 'text/event-stream'

/** What an answer with this body is read as; objects are sent as JSON. */
export function decoded(
  path: string,
  content: string | Buffer | object,
  { declared = 'auto', contentType = '', headerLength = 0 }: DecodeOptions = {},
): Decoded {
  const isBody = typeof content === 'string' || Buffer.isBuffer(content)
  const body = Buffer.from(isBody ? content : JSON.stringify(content))
  return decodePayload(declared, { path, contentType, headerLength, body })
}

interface DecodeOptions {
  readonly declared?: PayloadKind
  readonly contentType?: string
  readonly headerLength?: number
}

/** The same of a captured answer, its content encoding undone. */
export function decodedCapture(path: string, { headers, body }: CapturedAnswer): Decoded {
  const plain = decodeBody(body, headers.get('content-encoding') ?? '')
  if (plain.kind !== 'body') throw new Error(plain.detail)
  const contentType = headers.get('content-type') ?? ''
  const headerLength = Number(headers.get('inference-header-content-length') ?? 0)
  return decodePayload('auto', { path, contentType, headerLength, body: plain.body })
}

/** A body of server-sent events, each value as JSON unless it is text. */
export function eventStream(...events: readonly unknown[]): string {
  return events.map(event => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
}
