import type { IncomingHttpHeaders } from 'node:http'

/** What routing decisions may look at: the normalised head of a request. */
export interface RequestHead {
  /** Upper case. */
  readonly method: string
  /** Starts with `/`, without the query. */
  readonly path: string
  /** Without `?`; empty when there is none. */
  readonly query: string
  /** Lower case, with the port if the client sent one. */
  readonly host: string
  readonly headers: IncomingHttpHeaders
  /** The parsed body, where a key of the route lies in it. */
  readonly json?: unknown
  readonly requestId: string
  /** The client's address without port. */
  readonly address: string
}
