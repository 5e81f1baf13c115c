import type { ChunkList } from '../../chunk-list.ts'
import { fieldLines } from '../../h1/message-text.ts'
import type { RawHeaders } from '../../http/request-headers.ts'

/** How the end of a request's body is told. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number | string }
  | { readonly kind: 'chunked' }

/** Methods whose request means something with a body: without one, its length says so (RFC 9110 §8.6). */
const EXPECT_BODY = new Set(['POST', 'PUT', 'PATCH'])

/** Of a whole body, or of none. */
export function framingOf(method: string, body: ChunkList | null): Framing {
  if (body !== null) return { kind: 'length', bytes: body.bytes }
  return EXPECT_BODY.has(method) ? { kind: 'length', bytes: 0 } : { kind: 'none' }
}

/** The head of a request, latin1, with the empty line behind it. Target and fields have been checked where they came from. */
export function requestHead(method: string, target: string, fields: RawHeaders, framing: Framing): string {
  const text = `${method} ${target} HTTP/1.1\r\n${fieldLines(fields)}`
  if (framing.kind === 'length') return `${text}content-length: ${framing.bytes}\r\n\r\n`
  return framing.kind === 'chunked' ? `${text}transfer-encoding: chunked\r\n\r\n` : `${text}\r\n`
}
