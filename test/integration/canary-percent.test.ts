import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { bucketOf } from '../../src/dataplane/routing/hash.ts'
import { getJson, HttpStatusError, postJson } from '../support/http-json.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const USERS = Array.from({ length: 40 }, (_, i) => `user-${i}`)

let servers: UpstreamServer[]
let proxy: RunningUnderstudy
let client: SteadyClient

/** `percent` null: the route has no canary. */
function config(percent: number | null, weight = 1): Record<string, unknown> {
  const [v1, v2] = servers.map(server => server.url)
  const canary = percent === null ? null : { upstream: 'v2', percent, sticky: 'header:x-user-id' }
  return {
    listen: { address: '127.0.0.1:0', threads: 2 },
    // A setting that has nothing to do with the canary, to be changed by reloads.
    upstreams: { v1: { endpoints: v1, connections: 100 + weight }, v2 },
    routes: [
      { name: 'r', match: { path: '/r' }, primary: 'v1', ...(canary === null ? {} : { canary }) },
      { name: 'plain', primary: 'v1' },
    ],
  }
}

beforeAll(async () => {
  servers = await Promise.all([0, 1].map(() => startUpstream((_request, respond) => respond.reply(200))))
  proxy = await startUnderstudy(config(10))
  client = new SteadyClient(proxy.url, 4)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all(servers.map(server => server.stop()))
})

const set = async (percent: number, reason: string, route = 'r'): Promise<unknown> =>
  await postJson(`${proxy.adminUrl}/api/v1/routes/${route}/canary`, { percent, actor: 'ada', reason })

async function canaryUsers(by = client): Promise<string[]> {
  const users: string[] = []
  for (const user of USERS) {
    const answer = await by.post('/r', '{}', { 'x-user-id': user })
    expect(answer.status).toBe(200)
    if (answer.headers['x-understudy-arm'] === 'canary') users.push(user)
  }
  return users
}

const below = (percent: number): string[] => USERS.filter(user => bucketOf('canary:r', user) < percent)

const percentMetric = async (of = proxy): Promise<number> =>
  (await of.readMetrics()).value('understudy_canary_percent', { route: 'r' })

test('the percentage set by hand holds for the very next request, on every thread', async () => {
  expect(await canaryUsers()).toEqual(below(10))
  const answer = await set(60, 'looks good')
  expect(answer).toMatchObject({ result: 'applied', revision: 2 })
  expect(await canaryUsers()).toEqual(below(60))
  expect(await percentMetric()).toBe(60)
  expect(below(60).length).toBeGreaterThan(below(10).length)
})

test('a request under way when it changes stays with its arm', async () => {
  const user = below(60)[0] as string
  const held = Promise.withResolvers<void>()
  servers[1]?.handle(async (_request, respond) => {
    await held.promise
    respond.reply(200)
  })
  const before = servers[1]?.requestCount ?? 0
  const answer = client.post('/r', '{}', { 'x-user-id': user })
  await eventually(() => servers[1]?.requestCount === before + 1)
  await set(0, 'hold')
  held.resolve()
  expect((await answer).headers['x-understudy-arm']).toBe('canary')
  servers[1]?.handle((_request, respond) => respond.reply(200))
  expect(await canaryUsers()).toEqual([])
  await set(60, 'go on')
})

test('F5: it is kept across reloads, whatever else they change', async () => {
  await proxy.reload(config(10, 2))
  expect(await canaryUsers()).toEqual(below(60))
  await proxy.reload(config(25, 3))
  expect(await canaryUsers()).toEqual(below(60))
  expect(await percentMetric()).toBe(60)
})

test('that the file has another one is said, and whose it is', async () => {
  const stays = 'route r: the file says 25 percent, the 60 set by hand stays'
  const applied = proxy.log.findLast(line => line.msg === 'configuration applied')
  expect(applied?.['changes']).toContain(stays)
  const view = await getJson(`${proxy.adminUrl}/api/v1/routes/r/canary`)
  expect(view).toMatchObject({ percent: 60, setBy: { actor: 'ada', reason: 'go on' } })
})

test('F5: without a canary everyone is with the primary, and the same users are back with it', async () => {
  await proxy.reload(config(null))
  expect(await canaryUsers()).toEqual([])
  await expect(set(5, 'no canary')).rejects.toThrow(HttpStatusError)
  await proxy.reload(config(10))
  expect(await canaryUsers()).toEqual(below(60))
})

test('each change is in the audit log with who, why, before and after; refused ones are not', async () => {
  await expect(set(101, 'too much')).rejects.toThrow('400')
  await expect(set(5, 'no such route', 'nowhere')).rejects.toThrow('422')
  await expect(set(5, 'no canary there', 'plain')).rejects.toThrow('422')
  const { entries } = (await getJson(`${proxy.adminUrl}/api/v1/audit`)) as { entries: Record<string, unknown>[] }
  expect(entries.map(({ route, actor, reason, before, after }) => [route, actor, reason, before, after])).toEqual([
    ['r', 'ada', 'go on', 0, 60],
    ['r', 'ada', 'hold', 60, 0],
    ['r', 'ada', 'looks good', 10, 60],
  ])
  for (const entry of entries) expect(Date.parse(String(entry['at']))).toBeGreaterThan(Date.now() - 60_000)
  expect(proxy.log.filter(line => line.msg === 'canary percentage set by hand')).toHaveLength(3)
})

test('F5: where nobody sets it by hand, each reload moves the users between the two percentages and no others', async () => {
  const edited = await startUnderstudy(config(10))
  const visitor = new SteadyClient(edited.url, 4)
  onTestFinished(async () => {
    visitor.close()
    await edited.stop()
  })
  expect(new Set([10, 20, 30].map(percent => below(percent).length)).size).toBe(3)
  expect(await canaryUsers(visitor)).toEqual(below(10))
  for (const percent of [30, 20]) {
    expect((await edited.reload(config(percent))).lastFailure).toBeNull()
    expect(await canaryUsers(visitor)).toEqual(below(percent))
    // Two scrapes within half a second get one text.
    await eventually(async () => (await percentMetric(edited)) === percent)
  }
})
