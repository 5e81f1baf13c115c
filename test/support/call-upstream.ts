import type { UpstreamPlan } from '../../src/config/snapshot.ts'
import type { Call } from '../../src/dataplane/upstream/h1/call.ts'
import type { Request } from '../../src/dataplane/upstream/h1/connection.ts'
import { Connections } from '../../src/dataplane/upstream/h1/connections.ts'
import { within } from './within.ts'
import { endpointPlan, upstreamPlan } from './plans.ts'

/** A GET that asks for nothing in particular. */
export const GET: Request = { head: 'GET / HTTP/1.1\r\nhost: models.example\r\n\r\n', body: null, chunked: false }

/** A call that only waits for the end: null for a whole answer, else the error. */
export class EndOfCall implements Call {
  readonly isAwaited = true
  readonly method = 'GET'
  readonly error: Promise<Error | null>
  readonly #settle: (error: Error | null) => void

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Error | null>()
    this.error = promise
    this.#settle = resolve
  }

  onRequestSent(): void {}
  onInterim(): void {}
  onAnswerHead(): void {}
  onAnswerData(): void {}

  onReadEnd(): void {}

  onAnswerEnd(): void {
    this.#settle(null)
  }

  onCallFailed(error: Error): void {
    this.#settle(error)
  }
}

/** One GET to an endpoint of which nothing is expected. Resolves with how it failed. */
export async function failureOf(
  origin: string,
  plan: Partial<UpstreamPlan> = {},
  servername = 'localhost',
): Promise<Error | null> {
  const connections = new Connections(endpointPlan(origin), upstreamPlan(plan), servername)
  const call = new EndOfCall()
  connections.send(call, GET, performance.now())
  try {
    return await within(call.error, 5_000, 'the call did not end')
  } finally {
    connections.destroy()
  }
}
