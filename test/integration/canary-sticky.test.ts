import { Agent, request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bucketOf } from '../../src/dataplane/routing/hash.ts'
import { postJson } from '../support/http-json.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient, type Answered } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const USERS = Array.from({ length: 40 }, (_, i) => `user-${i}`)
const PERCENT = 50

let servers: UpstreamServer[]
let proxies: RunningUnderstudy[]
const clients: SteadyClient[] = []

beforeAll(async () => {
  servers = await Promise.all(Array.from({ length: 4 }, () => startUpstream((_request, respond) => respond.reply(200))))
  const [v1, v2, v3, v4] = servers.map(server => server.url)
  const sources = {
    header: 'header:x-user-id',
    cookie: 'cookie:user',
    query: 'query:user',
    json: 'json:$.user.id',
    address: 'address',
  }
  const config = {
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1, v2, v3, v4 },
    routes: [
      ...Object.entries(sources).map(([name, sticky]) => ({
        name,
        match: { path: `/${name}` },
        primary: 'v1',
        canary: { upstream: 'v2', percent: PERCENT, sticky },
      })),
      {
        name: 'copied',
        match: { path: '/copied' },
        primary: 'v1',
        shadows: [
          { upstream: 'v2', percent: 20, key: 'header:x-user-id' },
          { upstream: 'v3', percent: 20, key: 'header:x-user-id' },
          { upstream: 'v4', percent: 60, key: 'header:x-user-id' },
        ],
      },
    ],
  }
  proxies = await Promise.all([startUnderstudy(config), startUnderstudy(config)])
  for (const proxy of proxies) clients.push(new SteadyClient(proxy.url, 2))
})
afterAll(async () => {
  for (const client of clients) client.close()
  await Promise.all(proxies.map(proxy => proxy.stop()))
  await Promise.all(servers.map(server => server.stop()))
})

/** From another address of this machine. */
function fromAddress(localAddress: string): Promise<Answered> {
  const agent = new Agent()
  return new Promise((resolve, reject) => {
    httpRequest(`${proxies[0]?.url}/address`, { method: 'POST', agent, localAddress }, response => {
      response.resume()
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.alloc(0) }),
      )
    })
      .on('error', reject)
      .end()
  })
}

const SEND: Record<string, (user: string, replica: SteadyClient) => Promise<Answered>> = {
  header: (user, replica) => replica.post('/header', '{}', { 'x-user-id': user }),
  cookie: (user, replica) => replica.post('/cookie', '{}', { cookie: `theme=dark; user=${user}; lang=en` }),
  query: (user, replica) => replica.post(`/query?a=b&user=${user}`, '{}'),
  json: (user, replica) => replica.post('/json', JSON.stringify({ inputs: [], user: { id: user } })),
  address: user => fromAddress(`127.0.0.${100 + USERS.indexOf(user)}`),
}

const armOf = (answer: Answered): string => {
  expect(answer.status).toBe(200)
  expect(answer.headers['set-cookie']).toBeUndefined()
  return String(answer.headers['x-understudy-arm'])
}

describe.each(Object.keys(SEND))('F2: sticky by %s', source => {
  const send = SEND[source] as (user: string, replica: SteadyClient) => Promise<Answered>
  const keyOf = (user: string): string => (source === 'address' ? `127.0.0.${100 + USERS.indexOf(user)}` : user)

  test('each user has the arm that the README says, every time and on every replica', async () => {
    const arms = new Set<string>()
    for (const user of USERS) {
      const expected = bucketOf(`canary:${source}`, keyOf(user)) < PERCENT ? 'canary' : 'primary'
      arms.add(expected)
      for (const replica of clients) expect([user, armOf(await send(user, replica))]).toEqual([user, expected])
    }
    expect(arms.size).toBe(2)
  })
})

describe('F4: a request without its key', () => {
  test.each([
    ['header', '/header'],
    ['cookie', '/cookie'],
    ['query', '/query?user='],
    ['json', '/json'],
  ])('%s is decided on its own, and no cookie is set', async (_, path) => {
    const arms = new Set<string>()
    for (let i = 0; i < 30; i++) arms.add(armOf(await (clients[0] as SteadyClient).post(path, '{}')))
    expect(arms).toEqual(new Set(['primary', 'canary']))
  })
})

describe('F4: a percentage that grows', () => {
  test('takes users into the canary and none out of it', async () => {
    const { adminUrl } = proxies[0] as RunningUnderstudy
    const client = clients[0] as SteadyClient
    let before = new Set<string>()
    for (const percent of [0, 5, 10, 50, 90, 100]) {
      await postJson(`${adminUrl}/api/v1/routes/header/canary`, { percent, actor: 'test', reason: 'ramp' })
      const inCanary = new Set<string>()
      for (const user of USERS) {
        if (armOf(await client.post('/header', '{}', { 'x-user-id': user })) === 'canary') inCanary.add(user)
      }
      expect([...before].filter(user => !inCanary.has(user))).toEqual([])
      const expected = USERS.filter(user => bucketOf('canary:header', user) < percent)
      expect([...inCanary]).toEqual(expected)
      before = inCanary
    }
    expect(before.size).toBe(USERS.length)
  })
})

/** Users of whom a shadow of that percentage gets copies. */
const chosen = (percent: number): string[] => USERS.filter(user => bucketOf('shadow:copied', user) < percent)

describe('F2: sampling by a key', () => {
  test('copies the same users to shadows of the same percentage, and all of them to one with more', async () => {
    const before = servers.map(server => server.requestCount)
    for (const user of USERS) await (clients[1] as SteadyClient).post('/copied', '{}', { 'x-user-id': user })
    const copied = (i: number): (string | undefined)[] =>
      (servers[i] as UpstreamServer).requests
        .slice(before[i])
        .map(request => request.header('x-user-id'))
        .toSorted((a, b) => USERS.indexOf(a ?? '') - USERS.indexOf(b ?? ''))
    await eventually(() => {
      expect([copied(1), copied(2), copied(3)]).toEqual([chosen(20), chosen(20), chosen(60)])
      return true
    })
    expect(chosen(60)).toEqual(expect.arrayContaining(chosen(20)))
    expect(chosen(20).length).toBeGreaterThan(0)
  })
})
