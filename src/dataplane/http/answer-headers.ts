import { connectionListed, isHopByHop } from './hop-by-hop.ts'

/**
 * The headers of an upstream's answer as the client gets them: end-to-end fields in order, case and number, then the
 * proxy's own two. `raw` is undici's flat list of latin1 buffers. `keepTrailer`: this answer can carry trailers onwards.
 */
export function answerHeaders(
  raw: readonly (Buffer | string)[],
  connection: string | undefined,
  requestId: string,
  arm: 'primary' | 'canary',
  keepTrailer: boolean,
): string[] {
  const out = endToEnd(raw, connection, keepTrailer)
  out.push('x-request-id', requestId, 'x-understudy-arm', arm)
  return out
}

/** The headers of a 1xx before the answer. */
export function informationalHeaders(raw: readonly (Buffer | string)[]): string[] {
  return endToEnd(raw, undefined, false)
}

/** undici's trailers as the client gets them. */
export function answerTrailers(raw: readonly (Buffer | string)[] | null): string[] {
  return raw === null ? [] : endToEnd(raw, undefined, false)
}

function endToEnd(raw: readonly (Buffer | string)[], connection: string | undefined, keepTrailer: boolean): string[] {
  const listed = connectionListed(connection)
  const out: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = latin1(raw[i] as Buffer | string)
    const lower = name.toLowerCase()
    if (lower === 'trailer') {
      if (keepTrailer) out.push(name, latin1(raw[i + 1] as Buffer | string))
      continue
    }
    if (isHopByHop(lower) || listed.has(lower) || lower === 'x-request-id' || lower.startsWith('x-understudy-'))
      continue
    out.push(name, latin1(raw[i + 1] as Buffer | string))
  }
  return out
}

function latin1(value: Buffer | string): string {
  return typeof value === 'string' ? value : value.toString('latin1')
}
