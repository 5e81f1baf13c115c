import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NOBODY_LISTENS } from '../support/nobody-listens.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamHandler, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const HEALTH = '/health'
const EJECT_MS = 800

/** Three servers of the same model, and what each answers; health checks have answers of their own. */
const servers: UpstreamServer[] = []
const answers: UpstreamHandler[] = []
const healthAnswers: UpstreamHandler[] = []
const ok: UpstreamHandler = (_request, respond) => respond.reply(200)
const failing: UpstreamHandler = (_request, respond) => respond.reply(500)

let proxy: RunningUnderstudy
let client: SteadyClient

beforeAll(async () => {
  for (let i = 0; i < 3; i++) {
    servers.push(
      await startUpstream((request, respond) =>
        (request.target === HEALTH ? healthAnswers : answers)[i]?.(request, respond),
      ),
    )
  }
  const endpoints = servers.map(server => server.url)
  const never = { errors: 100_000 }
  const health = { path: HEALTH, interval: '200ms', unhealthy_after: 2, healthy_after: 2 }
  const dead = NOBODY_LISTENS
  const upstreams = {
    'round-robin': { endpoints, balance: 'round-robin', outlier: never },
    'least-inflight': { endpoints, outlier: never },
    checked: { endpoints, health, outlier: never },
    'checked-busy': { endpoints: endpoints[0], health, connections: 1, outlier: never },
    ejecting: { endpoints, outlier: { errors: 3, eject: `${EJECT_MS}ms` } },
    'half-dead': { endpoints: [...dead, endpoints[0]], outlier: never },
    dead: { endpoints: dead, outlier: { errors: 2, eject: '60s', max_ejected: 100 } },
  }
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams,
    routes: Object.keys(upstreams).map(name => ({ name, match: { path: `/${name}` }, primary: name })),
  })
  client = new SteadyClient(proxy.url, 16)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all(servers.map(server => server.stop()))
})

beforeEach(() => {
  answers.splice(0, 3, ok, ok, ok)
  healthAnswers.splice(0, 3, ok, ok, ok)
})

const seen = (path: string): number[] =>
  servers.map(server => server.requests.filter(request => request.target === path).length)

/** Sends so many, tells which endpoint got how many of them and how many were answered 200. */
async function spread(path: string, requests: number, width = 1): Promise<{ got: number[]; good: number }> {
  const before = seen(path)
  let good = 0
  await inParallel(requests, width, async () => {
    if ((await client.post(path, '{}')).status === 200) good++
  })
  return { got: seen(path).map((count, i) => count - (before[i] as number)), good }
}

describe('balance', () => {
  test('round robin gives each endpoint the same', async () => {
    expect(await spread('/round-robin', 60, 4)).toEqual({ got: [20, 20, 20], good: 60 })
  })

  test('least in flight leaves a slow endpoint in peace', async () => {
    answers[1] = async (_request, respond) => {
      await sleep(200)
      respond.reply(200)
    }
    const { got, good } = await spread('/least-inflight', 150, 6)
    expect(good).toBe(150)
    expect(got[1]).toBeLessThan(30)
    expect(Math.min(got[0] as number, got[2] as number)).toBeGreaterThan(40)
  })
})

const healthy = async (): Promise<number> =>
  (await proxy.readMetrics()).value('understudy_upstream_healthy_endpoints', { upstream: 'checked' })

describe('active health checks', () => {
  test('leave out an endpoint that fails them and take it back when it passes again', async () => {
    expect((await spread('/checked', 60)).got[2]).toBeGreaterThan(5)
    healthAnswers[2] = failing
    await eventually(async () => (await healthy()) === 2)
    expect(await spread('/checked', 60)).toMatchObject({ got: [expect.any(Number), expect.any(Number), 0], good: 60 })
    healthAnswers[2] = ok
    await eventually(async () => (await healthy()) === 3)
    expect((await spread('/checked', 60)).got[2]).toBeGreaterThan(5)
  })

  test('ask with GET, say who they are, and are no request of any client', async () => {
    const check = servers[0]?.requests.find(request => request.target === HEALTH)
    expect(check?.method).toBe('GET')
    expect(check?.header('user-agent')).toBe('understudy-health-check')
    expect(check?.header('host')).toBe(new URL(servers[0]?.url ?? '').host)
  })

  test('that find nothing healthy are not believed: all endpoints are used', async () => {
    healthAnswers.fill(failing)
    await eventually(async () => (await healthy()) === 0)
    const { got, good } = await spread('/checked', 60)
    expect(good).toBe(60)
    expect(Math.min(...got)).toBeGreaterThan(5)
    healthAnswers.fill(ok)
    await eventually(async () => (await healthy()) === 3)
  })

  test('do not call an endpoint unhealthy because all its connections are busy', async () => {
    const held = Promise.withResolvers<void>()
    answers[0] = async (_request, respond) => {
      await held.promise
      respond.reply(200)
    }
    const answer = client.post('/checked-busy', '{}')
    const checks = (servers[0]?.requests ?? []).filter(request => request.target === HEALTH).length
    await sleep(900)
    const after = (servers[0]?.requests ?? []).filter(request => request.target === HEALTH).length
    // Two upstreams ask it, five times a second each.
    expect(after - checks).toBeGreaterThan(5)
    await sleep(1_000)
    const metrics = await proxy.readMetrics()
    expect(metrics.value('understudy_upstream_healthy_endpoints', { upstream: 'checked-busy' })).toBe(1)
    held.resolve()
    expect((await answer).status).toBe(200)
  })

  test('that hang do not hold up requests', async () => {
    healthAnswers[0] = (_request, respond) => respond.hang()
    await sleep(150)
    const times: number[] = []
    for (let i = 0; i < 9; i++) {
      const startMs = performance.now()
      expect((await client.post('/checked-busy', '{}')).status).toBe(200)
      times.push(performance.now() - startMs)
      await sleep(20)
    }
    expect(times.toSorted((a, b) => a - b)[4]).toBeLessThan(60)
  })
})

describe('outlier ejection', () => {
  test('leaves out an endpoint after so many errors in a row, and lets one request try it later', async () => {
    answers[1] = failing
    const { got, good } = await spread('/ejecting', 60)
    expect([got[1], good]).toEqual([3, 57])
    await sleep(EJECT_MS + 50)
    const startMs = performance.now()
    const tries = (await spread('/ejecting', 60)).got[1]
    expect(tries).toBeGreaterThan(0)
    expect(tries).toBeLessThanOrEqual(1 + Math.floor((performance.now() - startMs) / EJECT_MS))
    answers[1] = ok
    await sleep(EJECT_MS + 50)
    const recovered = await spread('/ejecting', 60)
    expect(recovered.good).toBe(60)
    expect(recovered.got[1]).toBeGreaterThan(5)
  })

  test('leaves out no more than max_ejected: with most endpoints failing, all are used', async () => {
    answers[0] = failing
    answers[1] = failing
    await spread('/ejecting', 40)
    const { got } = await spread('/ejecting', 60)
    expect(Math.min(...got)).toBeGreaterThan(5)
    answers.fill(ok)
    expect((await spread('/ejecting', 40)).good).toBe(40)
  })
})

describe('a second attempt', () => {
  test('goes to each other endpoint while nothing could be sent: clients do not notice two dead ones of three', async () => {
    const { got, good } = await spread('/half-dead', 60, 4)
    expect([got, good]).toEqual([[60, 0, 0], 60])
    const metrics = await proxy.readMetrics()
    expect(metrics.sum('understudy_errors_total', { route: 'half-dead' })).toBe(0)
  })

  test('is not made when every endpoint refuses: 502, each asked once', async () => {
    for (let i = 0; i < 6; i++) {
      const { status, body } = await client.post('/dead', '{}')
      expect([status, (JSON.parse(body.toString()) as { code: string }).code]).toEqual([502, 'UPSTREAM_CONNECT'])
    }
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      expect(metrics.sum('understudy_retries_total', { route: 'dead' })).toBe(6)
      expect(metrics.sum('understudy_errors_total', { route: 'dead', code: 'UPSTREAM_CONNECT' })).toBe(6)
      return true
    })
  })

  test('is not made for a POST that may have been seen', async () => {
    answers.fill((_request, respond) => respond.reset())
    const { got, good } = await spread('/round-robin', 6)
    expect([got, good]).toEqual([[2, 2, 2], 0])
  })

  test('is made for a GET, at another endpoint', async () => {
    answers[0] = (_request, respond) => respond.reset()
    for (let i = 0; i < 6; i++) {
      const raw = await connectRaw(proxy.port)
      raw.send('GET /round-robin HTTP/1.1\r\nhost: t\r\n\r\n')
      expect((await raw.readResponse()).status).toBe(200)
      raw.destroy()
    }
  })
})
