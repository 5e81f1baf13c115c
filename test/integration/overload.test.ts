import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import type { RawResponse } from '../support/raw-response.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const IN_FLIGHT = 10
/** From four fifths of the limit on there are no copies. */
const COPIED = 8
const CONNECTIONS = 2
const PATIENCE_MS = 700
const SHED = { route: 'r', reason: 'overloaded' }
const REFUSED = { route: 'r', code: 'OVERLOADED' }

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy
const clients: RawClient[] = []

beforeAll(async () => {
  primary = await startUpstream(() => {})
  shadow = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    limits: { in_flight: IN_FLIGHT },
    upstreams: {
      v1: primary.url,
      narrow: {
        endpoints: primary.url,
        connections: CONNECTIONS,
        timeouts: { connect: `${PATIENCE_MS}ms` },
      },
      v2: shadow.url,
    },
    routes: [
      { name: 'narrow', match: { prefix: '/narrow' }, primary: 'narrow' },
      { name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] },
    ],
  })
})
afterAll(async () => {
  await proxy.kill()
  await Promise.all([primary.stop(), shadow.stop()])
})

beforeEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  primary.handle((_request, respond) => respond.reply(200))
  await eventually(async () => (await call('/calm')).status === 200)
})

async function open(): Promise<RawClient> {
  const client = await connectRaw(proxy.port)
  clients.push(client)
  return client
}

async function ask(path: string): Promise<RawClient> {
  const client = await open()
  client.send(`GET ${path} HTTP/1.1\r\nhost: t\r\n\r\n`)
  return client
}

const call = async (path: string): Promise<RawResponse> => await (await ask(path)).readResponse()

function expectOverloaded(response: RawResponse): void {
  expect([response.status, response.header('retry-after')]).toEqual([503, '1'])
  expect(response.header('content-type')).toBe('application/problem+json')
  expect(JSON.parse(response.body.toString())).toMatchObject({ code: 'OVERLOADED', status: 503 })
}

const count = async (metric: string, labels: Record<string, string> = {}): Promise<number> =>
  (await proxy.readMetrics()).sum(`understudy_${metric}`, labels)

/** Holds all requests to the primary; the returned function answers them. */
function holdAnswers(): () => void {
  const held: (() => void)[] = []
  primary.handle((_request, respond) => void held.push(() => respond.reply(200)))
  return () => {
    primary.handle((_request, respond) => respond.reply(200))
    for (const answer of held) answer()
  }
}

function refusalLines(): number {
  return proxy.log.filter(line => line['code'] === 'OVERLOADED').length
}

describe('in-flight limit', () => {
  test('E12: copies are given up first, then clients are refused at once, then all is well again', async () => {
    // The copy of the request before may come later than its answer.
    await eventually(() => shadow.requestCount > 0)
    const before = {
      copies: shadow.requestCount,
      dropped: await count('shadow_dropped_total', SHED),
      refused: await count('errors_total', REFUSED),
      lines: refusalLines(),
    }
    const release = holdAnswers()
    const served: RawClient[] = []
    for (let i = 0; i < IN_FLIGHT; i++) {
      const requests = primary.requestCount
      served.push(await ask('/'))
      await eventually(() => primary.requestCount === requests + 1)
    }
    expectOverloaded(await call('/'))
    expectOverloaded(await call('/'))
    release()
    for (const client of served) expect((await client.readResponse()).status).toBe(200)
    expect((await call('/')).status).toBe(200)
    await eventually(() => shadow.requestCount === before.copies + COPIED + 1)
    await eventually(async () => {
      expect(await count('shadow_dropped_total', SHED)).toBe(before.dropped + IN_FLIGHT - COPIED)
      expect(await count('errors_total', REFUSED)).toBe(before.refused + 2)
      return true
    })
    // One line a second, so that an attempt right behind another one has none of its own.
    expect(refusalLines()).toBeGreaterThan(0)
    expect(refusalLines()).toBeLessThanOrEqual(before.lines + 1)
  })
})

describe('connections to the model server', () => {
  test('wait in line up to as many as are served, in order; more are refused at once', async () => {
    const release = holdAnswers()
    const asked: RawClient[] = []
    for (let i = 0; i < 2 * CONNECTIONS; i++) {
      asked.push(await ask(`/narrow/${i}`))
      await sleep(10)
    }
    const startMs = performance.now()
    expectOverloaded(await call('/narrow/refused'))
    expect(performance.now() - startMs).toBeLessThan(PATIENCE_MS - 100)
    release()
    for (const client of asked) expect((await client.readResponse()).status).toBe(200)
    const targets = primary.requests.map(request => request.target).filter(target => target.startsWith('/narrow'))
    expect(targets).toEqual(Array.from({ length: 2 * CONNECTIONS }, (_, i) => `/narrow/${i}`))
  })

  test('are not waited for longer than timeouts.connect', async () => {
    const release = holdAnswers()
    const served = [await ask('/narrow/a'), await ask('/narrow/b')]
    await sleep(20)
    const startMs = performance.now()
    const late = await call('/narrow/late')
    expectOverloaded(late)
    const waitedMs = performance.now() - startMs
    expect(waitedMs).toBeGreaterThan(PATIENCE_MS - 50)
    expect(waitedMs).toBeLessThan(PATIENCE_MS + 1_000)
    release()
    for (const client of served) expect((await client.readResponse()).status).toBe(200)
  })

  test('that become free are not given to a client that left the line', async () => {
    const release = holdAnswers()
    const served = [await ask('/narrow/a'), await ask('/narrow/b')]
    await sleep(20)
    ;(await ask('/narrow/gone')).reset()
    const waits = await ask('/narrow/waits')
    await sleep(20)
    release()
    for (const client of [...served, waits]) expect((await client.readResponse()).status).toBe(200)
    expect(primary.requests.map(request => request.target)).not.toContain('/narrow/gone')
  })
})

/** Stops all threads of the proxy for so long. */
async function freeze(ms: number): Promise<void> {
  process.kill(proxy.pid, 'SIGSTOP')
  await sleep(ms)
  process.kill(proxy.pid, 'SIGCONT')
}

/** The loop has a moment, then is late again, with a request waiting for it: what comes of the request. */
async function lateTwice(ms: number): Promise<RawResponse> {
  const client = await open()
  await freeze(ms)
  await sleep(15)
  process.kill(proxy.pid, 'SIGSTOP')
  client.send('GET / HTTP/1.1\r\nhost: t\r\n\r\n')
  await sleep(ms)
  process.kill(proxy.pid, 'SIGCONT')
  return await client.readResponse()
}

describe('an event loop that is late', () => {
  test('once serves whoever waited through it', async () => {
    const client = await open()
    process.kill(proxy.pid, 'SIGSTOP')
    client.send('GET / HTTP/1.1\r\nhost: t\r\n\r\n')
    await sleep(1_300)
    process.kill(proxy.pid, 'SIGCONT')
    expect((await client.readResponse()).status).toBe(200)
  })

  test('E12: again and again gives up copies, and says so', async () => {
    // The copy of the request before may come later than its answer.
    await eventually(() => shadow.requestCount > 0)
    const before = { copies: shadow.requestCount, dropped: await count('shadow_dropped_total', SHED) }
    // The scheduler may let the moment between the two pass: then it is tried again.
    let sent = 0
    await eventually(async () => {
      expect((await lateTwice(250)).status).toBe(200)
      sent++
      await sleep(30)
      return shadow.requestCount < before.copies + sent
    }, 10_000)
    const dropped = sent - (shadow.requestCount - before.copies)
    await eventually(async () => {
      expect(await count('shadow_dropped_total', SHED)).toBeGreaterThanOrEqual(before.dropped + dropped)
      return true
    })
  })

  test('by more than a second, again and again, refuses, and serves when it has caught up', async () => {
    await eventually(async () => {
      const response = await lateTwice(1_150)
      if (response.status !== 503) return false
      expectOverloaded(response)
      return true
    }, 10_000)
    await eventually(async () => (await call('/')).status === 200, 1_000)
    await eventually(async () => (await count('errors_total', REFUSED)) > 2)
  })
})
