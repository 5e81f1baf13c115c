import type { Dispatcher } from 'undici'
import type { UpstreamPlan } from '../../src/config/snapshot.ts'
import { openPool } from '../../src/dataplane/upstream/pool.ts'
import { within } from './within.ts'
import { endpointPlan, upstreamPlan } from './plans.ts'

/** A handler of undici that only waits for the end: null for a whole answer, else the error. */
export class EndOfCall implements Dispatcher.DispatchHandler {
  readonly error: Promise<Error | null>
  /** What our pool's client looks at, see pool.ts. */
  refused = false
  readonly #settle: (error: Error | null) => void

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Error | null>()
    this.error = promise
    this.#settle = resolve
  }

  onRequestStart(): void {}
  onResponseStart(): void {}
  onResponseData(): void {}

  onResponseEnd(): void {
    this.#settle(null)
  }

  onResponseError(controller: unknown, error: Error): void {
    if (controller === null) this.refused = true
    this.#settle(error)
  }
}

/** One GET through a pool of ours, to an endpoint of which nothing is expected. Resolves with how it failed. */
export async function failureOf(
  origin: string,
  plan: Partial<UpstreamPlan> = {},
  servername = 'localhost',
): Promise<Error | null> {
  const pool = openPool(endpointPlan(origin), upstreamPlan(plan))
  const call = new EndOfCall()
  const options = { method: 'GET' as const, path: '/', headers: ['host', 'models.example'], servername }
  pool.dispatch(options, call)
  try {
    return await within(call.error, 5_000, 'the call did not end')
  } finally {
    await pool.destroy()
  }
}
