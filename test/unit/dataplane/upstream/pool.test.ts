import dns from 'node:dns'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Pool } from 'undici'
import { openPool } from '../../../../src/dataplane/upstream/pool.ts'
import { EndOfCall } from '../../../support/call-upstream.ts'
import { endpointPlan, upstreamPlan } from '../../../support/plans.ts'
import { startUpstream, type UpstreamServer } from '../../../support/upstream-server.ts'
import { eventually } from '../../../support/within.ts'

const NAME_TTL_MS = 30_000

let server: UpstreamServer
let pool: Pool | null = null

beforeEach(async () => {
  server = await startUpstream((_request, respond) => respond.reply(200))
})

afterEach(async () => {
  vi.restoreAllMocks()
  await pool?.destroy()
  pool = null
  await server.stop()
})

const target = { method: 'GET' as const, path: '/', headers: ['host', 'h'] }

async function call(): Promise<void> {
  const end = new EndOfCall()
  pool?.dispatch(target, end)
  expect(await end.error).toBeNull()
  // The connection is idle again a turn after the end of the answer.
  await new Promise(resolve => setImmediate(resolve))
}

/** The wall clock, by which undici takes the age of a connection. */
function later(ms: number): void {
  const nowMs = Date.now() + ms
  vi.spyOn(Date, 'now').mockImplementation(() => nowMs)
}

describe('a connection', () => {
  test('to an address stays as long as it is used', async () => {
    pool = openPool(endpointPlan(server.url), upstreamPlan())
    await call()
    later(3_600_000)
    await call()
    expect(server.connections.opened).toBe(1)
  })

  test('to a name is replaced when it is old, so that the name is looked up again', async () => {
    const lookup = vi.spyOn(dns, 'lookup')
    pool = openPool(endpointPlan(`http://localhost:${server.port}`), upstreamPlan())
    for (let i = 0; i < 3; i++) await call()
    later(NAME_TTL_MS - 1_000)
    await call()
    expect([server.connections.opened, lookup.mock.calls.length]).toEqual([1, 1])
    later(2_000)
    await call()
    expect([server.connections.opened, lookup.mock.calls.length]).toEqual([2, 2])
    await eventually(() => server.connections.open === 1)
  })

  test('that is old finishes what is under way', async () => {
    const held = Promise.withResolvers<void>()
    server.handle(async (_request, respond) => {
      await held.promise
      respond.reply(200)
    })
    pool = openPool(endpointPlan(`http://localhost:${server.port}`), upstreamPlan({ connections: 1 }))
    const slow = new EndOfCall()
    pool.dispatch(target, slow)
    await eventually(() => server.requestCount === 1)
    server.handle((_request, respond) => respond.reply(200))
    later(NAME_TTL_MS + 1_000)
    await call()
    held.resolve()
    expect(await slow.error).toBeNull()
    await eventually(() => server.connections.open === 1)
    await call()
    expect(server.connections.opened).toBe(2)
  })
})

describe('as many connections as the plan says', () => {
  test.each([
    ['without health checks', null, 2],
    ['and one for health checks', '/health', 3],
  ])('%s', async (_, path, connections) => {
    server.handle(() => {})
    const health = { path, intervalMs: 1_000, unhealthyAfter: 1, healthyAfter: 1 }
    pool = openPool(endpointPlan(server.url), upstreamPlan({ connections: 2, health }))
    for (let i = 0; i < 5; i++) pool.dispatch(target, new EndOfCall())
    await eventually(() => server.requestCount === connections)
    await new Promise(resolve => setTimeout(resolve, 30))
    expect([server.requestCount, server.connections.opened]).toEqual([connections, connections])
  })
})
