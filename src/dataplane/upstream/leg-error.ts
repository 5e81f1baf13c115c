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

/** OpenSSL's names for what a certificate can lack are Node's codes as they are. */
const TLS =
  /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_|ERROR_IN_CERT|EPROTO)/

/** The code of the table for whatever the HTTP client reports about a leg. Total: it never throws. */
export function legErrorCode(error: unknown): ErrorCode {
  if (!(error instanceof Error)) return 'INTERNAL'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // Of the attempts at each address of a name.
  if (error instanceof AggregateError || CONNECT.has(code) || ('syscall' in error && error.syscall === 'connect'))
    return 'UPSTREAM_CONNECT'
  if (TLS.test(code)) return 'UPSTREAM_TLS'
  // Ours, and of node:http, which reads the answers to WebSocket handshakes.
  if (code === 'MESSAGE_MALFORMED' || code.startsWith('HPE_')) return 'UPSTREAM_PROTOCOL'
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT')
    return 'UPSTREAM_RESET'
  return 'INTERNAL'
}

/** What the client is told: which upstream, not its address. `detail` is passed on only where it is our own. */
export function explainLegError(code: ErrorCode, upstream: string, detail: string): string {
  switch (code) {
    case 'UPSTREAM_CONNECT':
      return `cannot connect to upstream ${upstream}`
    case 'UPSTREAM_RESET':
      return `upstream ${upstream} closed the connection before its answer was complete`
    case 'UPSTREAM_PROTOCOL':
      return `upstream ${upstream} sent an answer that is not valid HTTP`
    case 'UPSTREAM_TLS':
      return `the TLS handshake with upstream ${upstream} failed`
    case 'UPSTREAM_TIMEOUT':
    case 'BAD_REQUEST':
    case 'BODY_TOO_LARGE':
    case 'REQUEST_TIMEOUT':
      return detail
    default:
      return 'the request could not be forwarded'
  }
}
