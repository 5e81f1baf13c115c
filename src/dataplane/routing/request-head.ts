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
  /** The parsed body, where the route asks for a model or a key of it lies in the body. */
  readonly json?: unknown
  readonly requestId: string
  /** The client's address without port. */
  readonly address: string
}
