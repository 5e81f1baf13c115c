/** RFC 9110 §7.6.1: fields that belong to one connection. `te` and `trailer` are handled by the callers. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/**
 * Fields that `Connection` may name but must not take away: framing, routing, credentials and the warning of a replay
 * (RFC 8470) are end-to-end, and a client that lists them would otherwise change what the model server is asked.
 */
const END_TO_END = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'host',
  'authorization',
  'cookie',
  'x-request-id',
  'early-data',
])

const NOTHING: ReadonlySet<string> = new Set()

export function isHopByHop(lowerName: string): boolean {
  return HOP_BY_HOP.has(lowerName)
}

/** The names a `Connection` value removes, lower case. */
export function connectionListed(connection: string | undefined): ReadonlySet<string> {
  // The two values nearly every message carries name no field.
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NOTHING
  const listed = new Set<string>()
  for (const token of connection.split(',')) {
    const name = token.trim().toLowerCase()
    if (name !== '' && !END_TO_END.has(name)) listed.add(name)
  }
  return listed
}
