import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bucketOf } from '../../src/dataplane/routing/hash.ts'
import { NOBODY_LISTENS } from '../support/nobody-listens.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient, type Answered } from '../support/steady-client.ts'
import { startUpstream, type UpstreamHandler, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const ERRORS = 3
const EJECT_MS = 1_000
const HEALTH = '/health'
const ok: UpstreamHandler = (_request, respond) => respond.reply(200)
const failing: UpstreamHandler = (_request, respond) => respond.reply(500)

let primary: UpstreamServer
let canary: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

/** A canary for half of the users. */
const route = (name: string, fallback: string, copies: string[] = []): Record<string, unknown> => ({
  name,
  match: { path: `/${name}` },
  primary: 'v1',
  canary: { upstream: name, percent: 50, sticky: 'header:x-user-id', fallback },
  shadows: copies.map(upstream => ({ upstream, percent: 100 })),
})

beforeAll(async () => {
  primary = await startUpstream(ok)
  canary = await startUpstream(ok)
  const outlier = { errors: ERRORS, eject: `${EJECT_MS}ms` }
  const health = { path: HEALTH, interval: '200ms', unhealthy_after: 2, healthy_after: 2 }
  const upstreams = {
    v1: primary.url,
    falls: { endpoints: canary.url, outlier },
    stays: { endpoints: canary.url, outlier },
    checked: { endpoints: canary.url, health, outlier: { errors: 100_000 } },
    dead: { endpoints: NOBODY_LISTENS[0], outlier: { errors: 100_000 } },
    half: { endpoints: [NOBODY_LISTENS[0], canary.url], outlier: { errors: 100_000 } },
  }
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams,
    routes: [
      route('falls', 'primary'),
      route('stays', 'none'),
      route('checked', 'primary', ['half']),
      route('dead', 'primary'),
      route('half', 'primary'),
    ],
  })
  client = new SteadyClient(proxy.url, 1)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all([primary.stop(), canary.stop()])
})

beforeEach(() => canary.handle(ok))

/** Users whose sticky arm this is. */
const users = (route: string, arm: 'primary' | 'canary'): string[] =>
  Array.from({ length: 60 }, (_, i) => `user-${i}`).filter(
    user => bucketOf(`canary:${route}`, user) < 50 === (arm === 'canary'),
  )

const call = (route: string, user: string): Promise<Answered> => client.post(`/${route}`, '{}', { 'x-user-id': user })

/** Status and serving arm of one request of each user. */
async function callAll(route: string, who: readonly string[]): Promise<string[]> {
  const seen: string[] = []
  for (const user of who) {
    const answer = await call(route, user)
    seen.push(`${answer.status} ${String(answer.headers['x-understudy-arm'])}`)
  }
  return seen
}

const count = async (metric: string, labels: Record<string, string>): Promise<number> =>
  (await proxy.readMetrics()).sum(`understudy_${metric}`, labels)

const healthy = async (): Promise<number> =>
  (await proxy.readMetrics()).value('understudy_upstream_healthy_endpoints', { upstream: 'checked' })

describe('F6: a canary that answers with errors', () => {
  test('is left out after some, its users are with the primary, and back with it when it has recovered', async () => {
    const sticky = users('falls', 'canary').slice(0, 10)
    expect(await callAll('falls', sticky)).toEqual(sticky.map(() => '200 canary'))
    canary.handle(failing)
    const seen = await callAll('falls', [...sticky, ...sticky])
    expect(seen).toEqual([
      ...Array.from({ length: ERRORS }, () => '500 canary'),
      ...Array.from({ length: 2 * sticky.length - ERRORS }, () => '200 primary'),
    ])
    // After the time one request tries it, and the others do not pay for that.
    await sleep(EJECT_MS + 30)
    expect(await callAll('falls', sticky.slice(0, 4))).toEqual([
      '500 canary',
      '200 primary',
      '200 primary',
      '200 primary',
    ])
    canary.handle(ok)
    await sleep(EJECT_MS + 30)
    expect(await callAll('falls', sticky)).toEqual(sticky.map(() => '200 canary'))
  })

  test('takes none of the primary’s users with it, ever', async () => {
    canary.handle(failing)
    const others = users('falls', 'primary').slice(0, 10)
    expect(await callAll('falls', others)).toEqual(others.map(() => '200 primary'))
  })

  test('F7: is counted under the arm that served, and the fallbacks as such', async () => {
    await eventually(async () => {
      expect(await count('requests_total', { route: 'falls', arm: 'canary', code_class: '5xx' })).toBe(ERRORS + 1)
      expect(await count('requests_total', { route: 'falls', arm: 'canary', code_class: '2xx' })).toBe(20)
      const fallbacks = 20 - ERRORS + 3
      expect(await count('canary_fallbacks_total', { route: 'falls' })).toBe(fallbacks)
      expect(await count('requests_total', { route: 'falls', arm: 'primary', code_class: '2xx' })).toBe(fallbacks + 10)
      return true
    })
  })

  test('is used all the same where the primary is no fallback', async () => {
    canary.handle(failing)
    const sticky = users('stays', 'canary').slice(0, 8)
    expect(await callAll('stays', sticky)).toEqual(sticky.map(() => '500 canary'))
    expect(await count('canary_fallbacks_total', { route: 'stays' })).toBe(0)
  })
})

describe('F6: a canary that fails its health checks', () => {
  test('loses its users without an error, and they are copied like those of the primary', async () => {
    const sticky = users('checked', 'canary').slice(0, 5)
    expect(await callAll('checked', sticky)).toEqual(sticky.map(() => '200 canary'))
    canary.handle((request, respond) => respond.reply(request.target === HEALTH ? 503 : 200))
    await eventually(async () => (await healthy()) === 0)
    expect(await callAll('checked', sticky)).toEqual(sticky.map(() => '200 primary'))
    canary.handle(ok)
    await eventually(async () => {
      expect(await callAll('checked', sticky)).toEqual(sticky.map(() => '200 canary'))
      return true
    })
    await eventually(async () => {
      const fallbacks = await count('canary_fallbacks_total', { route: 'checked' })
      expect(fallbacks).toBeGreaterThanOrEqual(sticky.length)
      expect(await count('eligible_total', { route: 'checked' })).toBe(fallbacks)
      return true
    })
  })
})

describe('F7: a second attempt', () => {
  test('never goes to the other arm: a canary that refuses is an error of its users', async () => {
    const before = primary.requestCount
    const sticky = users('dead', 'canary').slice(0, 5)
    expect(await callAll('dead', sticky)).toEqual(sticky.map(() => '502 undefined'))
    expect(primary.requestCount).toBe(before)
    await eventually(async () => {
      expect(await count('requests_total', { route: 'dead', arm: 'canary', code_class: '5xx' })).toBe(5)
      expect(await count('errors_total', { route: 'dead', leg: 'canary', code: 'UPSTREAM_CONNECT' })).toBe(5)
      expect(await count('requests_total', { route: 'dead', arm: 'primary' })).toBe(0)
      return true
    })
  })

  test('stays within the arm, and is counted there', async () => {
    const before = primary.requestCount
    const sticky = users('half', 'canary').slice(0, 20)
    expect(await callAll('half', sticky)).toEqual(sticky.map(() => '200 canary'))
    expect(primary.requestCount).toBe(before)
    await eventually(async () => {
      expect(await count('retries_total', { route: 'half', arm: 'canary' })).toBeGreaterThan(0)
      expect(await count('retries_total', { route: 'half', arm: 'primary' })).toBe(0)
      return true
    })
  })
})
