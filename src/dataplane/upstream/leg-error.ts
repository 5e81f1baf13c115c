import type { ErrorCode } from '../../errors.ts'

/** Connecting failed: nothing of the request was sent. */
const CONNECT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'EADDRNOTAVAIL',
])

/** The model server's bytes are not HTTP, or contradict themselves. */
const PROTOCOL = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
])

/** undici 8.12.4 gives a parser error no code, and a 1xx that nobody asked for only a message. */
const PROTOCOL_NAME = 'HTTPParserError'
const PROTOCOL_MESSAGES = new Set(['bad upgrade', 'bad response'])

const TLS = /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/

/** The code of the table for whatever the HTTP client reports about a leg. Total: it never throws. */
export function legErrorCode(error: unknown): ErrorCode {
  if (!(error instanceof Error)) return 'INTERNAL'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (CONNECT.has(code) || ('syscall' in error && error.syscall === 'connect')) return 'UPSTREAM_CONNECT'
  if (TLS.test(code)) return 'UPSTREAM_TLS'
  if (PROTOCOL.has(code) || error.name === PROTOCOL_NAME || PROTOCOL_MESSAGES.has(error.message))
    return 'UPSTREAM_PROTOCOL'
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT')
    return 'UPSTREAM_RESET'
  return 'INTERNAL'
}
