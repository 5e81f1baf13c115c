import type { AnswerHead } from '../upstream/h1/answer-head.ts'
import { connectionListed, isHopByHop } from './hop-by-hop.ts'

/**
 * The headers of an upstream's answer as the client gets them: end-to-end fields in order, case and number, then the
 * proxy's own two. `keepTrailer`: this answer can carry trailers onwards.
 */
export function answerHeaders(
  head: AnswerHead,
  requestId: string,
  arm: 'primary' | 'canary',
  keepTrailer: boolean,
): string[] {
  if (keepTrailer) return [...endToEnd(head.fields, head.connection, true), ...own(requestId, arm)]
  head.relayed ??= endToEnd(head.fields, head.connection)
  return head.relayed.concat(own(requestId, arm))
}

/** The same of headers that come once: of the answer to a handshake. */
export function answerHeadersOf(
  fields: readonly string[],
  connection: string | undefined,
  requestId: string,
  arm: 'primary' | 'canary',
): string[] {
  return [...endToEnd(fields, connection), ...own(requestId, arm)]
}

function own(requestId: string, arm: 'primary' | 'canary'): string[] {
  return ['x-request-id', requestId, 'x-understudy-arm', arm]
}

/** Of a 1xx, of an answer, or of its trailers: what is not for this connection alone. */
export function endToEnd(fields: readonly string[], connection?: string, keepTrailer = false): string[] {
  const listed = connectionListed(connection)
  const out: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    const lower = name.toLowerCase()
    if (lower === 'trailer') {
      if (keepTrailer) out.push(name, fields[i + 1] as string)
      continue
    }
    if (isHopByHop(lower) || listed.has(lower) || lower === 'x-request-id' || lower.startsWith('x-understudy-'))
      continue
    out.push(name, fields[i + 1] as string)
  }
  return out
}
