/**
 * Every error the proxy can answer, log or count, as one table.
 *
 * `status` is what the client of a live leg sees, `source` says whose fault it is, `retry` whether the *client* may send
 * the request again: `always` (nothing reached a model), `maybe` (a model may have seen it) or `never` (it will fail again).
 */
export const ERRORS = {
  BAD_REQUEST: { status: 400, source: 'client', retry: 'never', title: 'The request is malformed' },
  NO_ROUTE: { status: 404, source: 'client', retry: 'never', title: 'No route matches the request' },
  REQUEST_TIMEOUT: { status: 408, source: 'client', retry: 'always', title: 'The request did not arrive in time' },
  BODY_TOO_LARGE: { status: 413, source: 'client', retry: 'never', title: 'The request body is over the limit' },
  EXPECTATION_FAILED: { status: 417, source: 'client', retry: 'never', title: 'The expectation cannot be met' },
  HEADERS_TOO_LARGE: { status: 431, source: 'client', retry: 'never', title: 'The request headers are over the limit' },
  CLIENT_GONE: { status: 499, source: 'client', retry: 'maybe', title: 'The client went away before the answer' },
  INTERNAL: { status: 500, source: 'proxy', retry: 'maybe', title: 'The proxy failed' },
  NOT_IMPLEMENTED: { status: 501, source: 'client', retry: 'never', title: 'The proxy does not speak this' },
  UPSTREAM_CONNECT: { status: 502, source: 'upstream', retry: 'always', title: 'The model server cannot be reached' },
  UPSTREAM_RESET: { status: 502, source: 'upstream', retry: 'maybe', title: 'The model server closed the connection' },
  UPSTREAM_PROTOCOL: { status: 502, source: 'upstream', retry: 'maybe', title: 'The model server broke the protocol' },
  UPSTREAM_TLS: {
    status: 502,
    source: 'upstream',
    retry: 'always',
    title: 'The model server failed the TLS handshake',
  },
  OVERLOADED: { status: 503, source: 'proxy', retry: 'always', title: 'The proxy is at its limit' },
  DRAINING: { status: 503, source: 'proxy', retry: 'always', title: 'The proxy is shutting down' },
  UPSTREAM_TIMEOUT: {
    status: 504,
    source: 'upstream',
    retry: 'maybe',
    title: 'The model server did not answer in time',
  },
} as const satisfies Record<string, ErrorRow>

interface ErrorRow {
  readonly status: number
  readonly source: 'client' | 'proxy' | 'upstream'
  readonly retry: 'never' | 'maybe' | 'always'
  readonly title: string
}

export type ErrorCode = keyof typeof ERRORS

/** The codes in a fixed order: pair frames carry an error as its index here plus one (0 = no error). */
export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[]

/** An error of the table, with what happened, where, and what to do about it. */
export class ProxyError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, detail: string, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause })
    this.name = 'ProxyError'
    this.code = code
  }

  get status(): number {
    return ERRORS[this.code].status
  }
}
