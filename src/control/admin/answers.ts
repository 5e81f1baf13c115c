import type { ServerResponse } from 'node:http'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Reloader } from '../reload.ts'
import type { RolloutDriver } from '../rollout-driver.ts'
import type { ControlState } from '../state.ts'

/** What the answers are made from. */
export interface AdminContext {
  readonly state: ControlState
  readonly metrics: Metrics
  readonly log: Log
  /** null while starting. */
  readonly reloader: Reloader | null
  readonly rollouts: RolloutDriver | null
}

/** What the answers read of a request; its path has chosen the route already. */
export interface AdminRequest {
  /** The `{id}` or `{route}` of the path, decoded; empty for paths without one. */
  readonly id: string
  readonly query: URLSearchParams
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown
}

/** `body` is sent as JSON unless `type` says otherwise. */
export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer that goes on. `stream` writes head and body; false: there is no room for another one. */
export interface AdminStream {
  readonly stream: (response: ServerResponse) => boolean
}

const LIMIT_DEFAULT = 20
const LIMIT_MAX = 1_000

/** Answers with the newest of something, as many as the `limit` of the query says. */
export function limited(query: URLSearchParams, body: (limit: number) => unknown): AdminAnswer {
  const given = query.get('limit')
  const limit = given === null ? LIMIT_DEFAULT : Number(given)
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    return { status: 400, body: { error: `limit must be a whole number from 1 to ${LIMIT_MAX}` } }
  }
  return ok(body(limit))
}

/** 200 with a body. */
export function ok(body: unknown): AdminAnswer {
  return { status: 200, body }
}
