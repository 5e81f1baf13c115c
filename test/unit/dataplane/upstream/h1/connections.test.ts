import dns from 'node:dns'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { UpstreamPlan } from '../../../../../src/config/snapshot.ts'
import { Connections } from '../../../../../src/dataplane/upstream/h1/connections.ts'
import { EndOfCall, GET } from '../../../../support/call-upstream.ts'
import { endpointPlan, upstreamPlan } from '../../../../support/plans.ts'
import { startUpstream, type UpstreamServer } from '../../../../support/upstream-server.ts'
import { eventually } from '../../../../support/within.ts'

const NAME_TTL_MS = 30_000

let server: UpstreamServer
let connections: Connections | null = null

beforeEach(async () => {
  server = await startUpstream((_request, respond) => respond.reply(200))
})

afterEach(async () => {
  vi.restoreAllMocks()
  connections?.destroy()
  connections = null
  await server.stop()
})

const open = (origin: string, plan: Partial<UpstreamPlan> = {}): Connections =>
  (connections = new Connections(endpointPlan(origin), upstreamPlan(plan), 'localhost'))

function send(): EndOfCall {
  const end = new EndOfCall()
  connections?.send(end, GET, performance.now())
  return end
}

async function call(): Promise<void> {
  expect(await send().error).toBeNull()
}

/** The wall clock, by which the age of a connection is taken of a connection. */
function later(ms: number): void {
  const nowMs = Date.now() + ms
  vi.spyOn(Date, 'now').mockImplementation(() => nowMs)
}

describe('a connection', () => {
  test('to an address stays as long as it is used', async () => {
    open(server.url)
    await call()
    later(3_600_000)
    await call()
    expect(server.connections.opened).toBe(1)
  })

  test('to a name is replaced when it is old, so that the name is looked up again', async () => {
    const lookup = vi.spyOn(dns, 'lookup')
    open(`http://localhost:${server.port}`)
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
    open(`http://localhost:${server.port}`)
    const slow = send()
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

describe('connections', () => {
  test('are used again, the last one first, and no call waits for another', async () => {
    const held: (() => void)[] = []
    server.handle((_request, respond) => void held.push(() => respond.reply(200)))
    open(server.url)
    const first = [send(), send(), send()]
    await eventually(() => held.length === 3)
    for (const answer of held.splice(0)) answer()
    expect(await Promise.all(first.map(({ error }) => error))).toEqual([null, null, null])
    server.handle((_request, respond) => respond.reply(200))
    for (let i = 0; i < 5; i++) await call()
    expect(server.connections.opened).toBe(3)
  })

  test('close when nobody has used them for some seconds', async () => {
    open(server.url)
    await call()
    await eventually(() => server.connections.open === 0, 7_000)
  })

  test('close before the server says it would', async () => {
    server.handle((_request, respond) => respond.reply(200, { 'keep-alive': 'timeout=1' }))
    open(server.url)
    await call()
    await call()
    expect(server.connections.opened).toBe(2)
  })

  test('that get bytes nobody asked for are not used again', async () => {
    server.handle(
      (_request, respond) => void respond.raw('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
    )
    open(server.url)
    await call()
    await call()
    expect(server.connections.opened).toBe(2)
  })
})
