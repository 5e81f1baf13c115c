import type { ErrorCode } from '../../errors.ts'

/** Connecting failed: nothing of the request was sent. */
const CONNECT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'EADDRNOTAVAIL',
])

/** OpenSSL's names for what a certificate can lack are Node's codes as they are. */
const TLS =
  /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_|ERROR_IN_CERT|EPROTO)/

/** Of a connection that was open. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'EHOSTDOWN', 'ENETDOWN', 'ENETRESET'])

/**
 * The code of the table for what a connection of ours, undici's connector or node:http reports. Total: it never throws.
 * `unsent`: there was no connection yet; without it the error itself has to tell.
 */
export function legErrorCode(error: unknown, unsent?: boolean): ErrorCode {
  const code = codeOf(error)
  if (unsent === true && code === 'UPSTREAM_RESET') return 'UPSTREAM_CONNECT'
  return unsent === false && code === 'UPSTREAM_CONNECT' ? 'UPSTREAM_RESET' : code
}

function codeOf(error: unknown): ErrorCode {
  if (!(error instanceof Error)) return 'INTERNAL'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // Of the attempts at each address of a name.
  if (error instanceof AggregateError || CONNECT.has(code) || ('syscall' in error && error.syscall === 'connect'))
    return 'UPSTREAM_CONNECT'
  if (TLS.test(code)) return 'UPSTREAM_TLS'
  // Ours, and of node:http, which reads the answers to WebSocket handshakes.
  if (code === 'MESSAGE_MALFORMED' || code.startsWith('HPE_')) return 'UPSTREAM_PROTOCOL'
  if (BROKEN.has(code)) return 'UPSTREAM_RESET'
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
    case 'DRAINING':
    case 'BAD_REQUEST':
    case 'BODY_TOO_LARGE':
    case 'REQUEST_TIMEOUT':
      return detail
    default:
      return 'the request could not be forwarded'
  }
}
