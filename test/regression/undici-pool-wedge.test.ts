/**
 * undici 8.12.4: when a request is refused during `dispatch` (a path that is no path, two Host headers...), the pool's
 * client reports the error and returns `false`. The pool takes `false` for "busy, I shall tell you when I can drain", but
 * nothing ever drains a client that did nothing. One such request takes one connection of the pool away for ever; in a
 * proxy, one `OPTIONS *` of any client is such a request. openPool() makes its clients return `true` instead.
 */
import { Pool, type Dispatcher } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPool } from '../../src/dataplane/upstream/pool.ts'
import { EndOfCall } from '../support/call-upstream.ts'
import { endpointPlan, upstreamPlan } from '../support/plans.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { TimeoutError, within } from '../support/within.ts'

/** A request on loopback takes a millisecond; a wedged pool takes for ever. */
const WEDGED_AFTER_MS = 500
/** On a machine with other things to do. */
const PATIENCE_MS = 5_000

const REFUSED: readonly [what: string, options: Dispatcher.DispatchOptions][] = [
  ['a target that is no path', { method: 'OPTIONS', path: '*', headers: ['host', 'h'] }],
  ['two Host headers', { method: 'GET', path: '/', headers: ['host', 'a', 'host', 'b'] }],
  ['a header of another hop', { method: 'GET', path: '/', headers: ['host', 'h', 'transfer-encoding', 'chunked'] }],
]

let server: UpstreamServer

beforeAll(async () => {
  server = await startUpstream((_request, respond) => respond.reply(200))
})

afterAll(async () => await server.stop())

function call(pool: Pool, options: Dispatcher.DispatchOptions): Promise<Error | null> {
  const handler = new EndOfCall()
  pool.dispatch(options, handler)
  return handler.error
}

const good = (pool: Pool, patienceMs = PATIENCE_MS): Promise<Error | null> =>
  within(call(pool, { method: 'GET', path: '/', headers: ['host', 'h'] }), patienceMs, 'no answer came')

describe.each(REFUSED)('after %s', (_, options) => {
  test("undici's own pool of one connection never answers again", async () => {
    const pool = new Pool(server.url, { connections: 1 })
    expect(await good(pool)).toBeNull()
    expect(await call(pool, options)).toBeInstanceOf(Error)
    // When this fails, undici has been mended: GuardedClient in pool.ts can go.
    await expect(good(pool, WEDGED_AFTER_MS)).rejects.toThrow(TimeoutError)
    await pool.destroy()
  })

  test('our pool goes on answering, however often', async () => {
    const pool = openPool(endpointPlan(server.url), upstreamPlan({ connections: 1 }))
    for (let i = 0; i < 3; i++) {
      expect(await call(pool, options)).toBeInstanceOf(Error)
      expect(await good(pool)).toBeNull()
    }
    await pool.destroy()
  })
})
