import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { eventually } from '../support/within.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

const USERS = 40
/** The proxy looks for keys in bodies up to 1 MiB. */
const KEY_BODY_BYTES = 1024 * 1024

let servers: UpstreamServer[]
let proxy: RunningUnderstudy
let client: SteadyClient

async function answer(request: UpstreamRequest, respond: Respond): Promise<void> {
  await request.body
  respond.reply(200)
}

beforeAll(async () => {
  servers = await Promise.all([startUpstream(answer), startUpstream(answer), startUpstream(answer)])
  const [v1, v2, v3] = servers.map(server => server.url)
  proxy = await startUnderstudy({
    limits: { body: '8MiB' },
    upstreams: { v1, v2, v3 },
    routes: [
      {
        name: 'sticky',
        match: { path: '/sticky' },
        primary: 'v1',
        canary: { upstream: 'v2', percent: 50, sticky: 'json:$.user' },
      },
      {
        name: 'mirrored',
        match: { path: '/mirrored' },
        primary: 'v1',
        shadows: [{ upstream: 'v3', percent: 50, key: 'json:$.user' }],
      },
    ],
  })
  client = new SteadyClient(proxy.url, 4)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all(servers.map(server => server.stop()))
})

const bodyOf = (user: string, bytes = 0): string => JSON.stringify({ filler: 'x'.repeat(bytes), user })
const armOf = async (body: string): Promise<string> => {
  const answer = await client.post('/sticky', body)
  expect(answer.status).toBe(200)
  return String(answer.headers['x-understudy-arm'])
}

describe('a sticky key in the body', () => {
  const arms = new Map<string, string>()

  test('sends each user to one arm, whatever else the body holds', async () => {
    for (let user = 0; user < USERS; user++) {
      const arm = await armOf(bodyOf(`u${user}`))
      arms.set(`u${user}`, arm)
      expect(await armOf(bodyOf(`u${user}`, 2_000))).toBe(arm)
    }
    expect(new Set(arms.values())).toEqual(new Set(['primary', 'canary']))
  })

  test('is found in a body of up to 1 MiB', async () => {
    const room = KEY_BODY_BYTES - bodyOf('u0').length
    for (const [user, arm] of [...arms].slice(0, 8)) {
      expect(await armOf(bodyOf(user, room - (user.length - 2)))).toBe(arm)
    }
  })

  test('is found in a body that arrives byte by byte, the choice waits for it', async () => {
    const body = bodyOf('u1')
    const slow = await connectRaw(proxy.port)
    slow.send(`POST /sticky HTTP/1.1\r\nhost: r\r\ncontent-length: ${body.length}\r\n\r\n`)
    const before = servers.map(server => server.requestCount)
    for (const byte of body) {
      slow.send(byte)
      await sleep(5)
    }
    const answer = await slow.readResponse()
    expect(answer.header('x-understudy-arm')).toBe(arms.get('u1'))
    const after = servers.map(server => server.requestCount)
    expect(after.reduce((a, b) => a + b)).toBe(before.reduce((a, b) => a + b) + 1)
    slow.destroy()
  })

  test('is not looked for in a longer one: it is served, whole, by an arm chosen at random', async () => {
    const body = bodyOf('u0', KEY_BODY_BYTES)
    const seen = new Set<string>()
    for (let i = 0; i < 24; i++) seen.add(await armOf(body))
    expect(seen).toEqual(new Set(['primary', 'canary']))
  })

  test('is missing where the body is no JSON: it is served all the same', async () => {
    const seen = new Set<string>()
    for (let i = 0; i < 24; i++) seen.add(await armOf('{"user": '))
    expect(seen).toEqual(new Set(['primary', 'canary']))
  })
})

describe('a sampling key in the body', () => {
  test('copies all requests of a user or none', async () => {
    const each = 3
    for (let user = 0; user < USERS; user++) {
      for (let i = 0; i < each; i++) await client.post('/mirrored', bodyOf(`u${user}`), { 'x-request-id': `u${user}` })
    }
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      expect(metrics.value('understudy_eligible_total', { shadow: 'v3' })).toBe(USERS * each)
      const copied = new Set((servers[2] as UpstreamServer).requests.map(request => request.header('x-request-id')))
      expect(copied.size).toBeGreaterThan(0)
      expect(copied.size).toBeLessThan(USERS)
      // Copies that were decided for but given up for load (a machine with more to do) have been sampled all the same.
      expect(metrics.value('understudy_sampled_total', { shadow: 'v3' })).toBe(copied.size * each)
      return true
    })
  })
})
