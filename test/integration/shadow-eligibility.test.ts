import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NOBODY_LISTENS } from '../support/nobody-listens.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import type { RawResponse } from '../support/raw-response.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

let primary: UpstreamServer
let shadow: UpstreamServer
let inner: RunningUnderstudy
let outer: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  shadow = await startUpstream((_request, respond) => respond.reply(200))
  const upstreams = {
    v1: primary.url,
    busy: { endpoints: primary.url, connections: 1, timeouts: { connect: '400ms' } },
    gone: NOBODY_LISTENS[0],
    v2: shadow.url,
  }
  const shadows = [{ upstream: 'v2', percent: 100 }]
  inner = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    limits: { body: '1KiB' },
    upstreams,
    routes: [
      { name: 'busy', match: { path: '/busy' }, primary: 'busy', shadows },
      { name: 'gone', match: { path: '/gone' }, primary: 'gone', shadows },
      {
        name: 'listed',
        match: { path: '/listed' },
        primary: 'v1',
        shadows: [{ upstream: 'v2', percent: 100, methods: ['PUT', 'DELETE'] }],
      },
      { name: 'plain', match: { prefix: '/plain' }, primary: 'v1', shadows },
    ],
  })
  outer = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: primary.url, 'next-proxy': inner.url },
    routes: [{ name: 'plain', primary: 'v1', shadows: [{ upstream: 'next-proxy', percent: 100 }] }],
  })
})
afterAll(async () => {
  await outer.stop()
  await inner.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

async function send(proxy: RunningUnderstudy, head: string, body = ''): Promise<RawClient> {
  const client = await connectRaw(proxy.port)
  const length = body === '' ? '' : `content-length: ${body.length}\r\n`
  client.send(`${head.replace('\r\n', ' HTTP/1.1\r\nhost: t\r\n')}${length}\r\n${body}`)
  return client
}

async function answered(client: RawClient, method = 'GET'): Promise<RawResponse> {
  const response = await client.readResponse({ method })
  client.destroy()
  return response
}

const call = async (proxy: RunningUnderstudy, head: string, body = ''): Promise<RawResponse> =>
  await answered(await send(proxy, head, body), head.split(' ')[0])

/** Copies that each route's shadow should have got so far. */
const expected = { busy: 0, gone: 0, listed: 0, plain: 0 }

/** The request is answered, and copied or not. */
async function check(route: keyof typeof expected, head: string, copied: number, status = 200): Promise<void> {
  const before = shadow.requestCount
  expect((await call(inner, head)).status).toBe(status)
  expected[route] += copied
  if (copied > 0) await eventually(() => shadow.requestCount === before + copied)
  else await sleep(20)
  expect(shadow.requestCount).toBe(before + copied)
}

describe('E7: a request that never reached the primary', () => {
  test('because its waiting line is full, or took too long, is not copied', async () => {
    primary.handle((_request, respond) => respond.hang())
    const served = await send(inner, 'GET /busy\r\n')
    expected.busy++
    await eventually(() => primary.requests.at(-1)?.target === '/busy')
    const waits = await send(inner, 'GET /busy\r\n')
    await sleep(50)
    const refused = await call(inner, 'GET /busy\r\n')
    expect([refused.status, refused.header('retry-after')]).toEqual([503, '1'])
    const late = await answered(waits)
    expect([late.status, late.header('retry-after')]).toEqual([503, '1'])
    expect(JSON.parse(late.body.toString())).toMatchObject({ code: 'OVERLOADED' })
    primary.handle((_request, respond) => respond.reply(200))
    primary.resetAll()
    expect((await answered(served)).status).toBe(200) // a GET: sent again to a server that is back
  })

  test.each([
    ['no route', 'GET /nowhere\r\n', 404],
    ['a body over the limit', 'POST /plain\r\ncontent-length: 2000\r\n', 413],
    ['two hosts', 'GET /plain\r\nhost: other\r\n', 400],
  ])('because of %s is not copied, nor eligible', async (_, head, status) => {
    await check('plain', head, 0, status)
  })

  test('because nobody listens there makes a pair all the same: that it failed is the comparison', async () => {
    await check('gone', 'POST /gone\r\n', 1, 502)
  })
})

describe('E8: a copy', () => {
  test('is not copied by the next proxy, which serves it', async () => {
    const before = { primary: primary.requestCount, shadow: shadow.requestCount }
    expect((await call(outer, 'GET /plain/loop\r\n')).status).toBe(200)
    await eventually(() => primary.requestCount === before.primary + 2)
    await sleep(20)
    expect(shadow.requestCount).toBe(before.shadow)
    const roles = primary.requests.slice(-2).map(request => request.header('x-understudy-role'))
    expect(roles).toEqual([undefined, undefined])
  })

  test.each(['shadow', 'control', ''])('is whatever says so: x-understudy-role: %s', async role => {
    await check('plain', `GET /plain\r\nx-understudy-role: ${role}\r\n`, 0)
  })
})

describe('E10: methods that change something', () => {
  test.each(['GET', 'POST'])('%s is copied without being asked for', async method => {
    await check('plain', `${method} /plain\r\n`, 1)
  })

  test.each(['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])('%s is not', async method => {
    await check('plain', `${method} /plain\r\n`, 0)
  })

  test.each([
    ['PUT', 1],
    ['DELETE', 1],
    ['POST', 0],
    ['GET', 0],
  ])('a list of one’s own replaces the default: %s', async (method, copied) => {
    await check('listed', `${method} /listed\r\n`, copied)
  })
})

test('what was not copied was not sampled either, but for what the primary never saw', async () => {
  await eventually(async () => {
    const metrics = await inner.readMetrics()
    const rejected = { busy: 2, gone: 0, listed: 0, plain: 0 }
    for (const route of ['busy', 'gone', 'listed', 'plain'] as const) {
      const count = (metric: string): number => metrics.sum(`understudy_${metric}`, { route })
      expect([route, count('shadow_sent_total')]).toEqual([route, expected[route]])
      expect(count('pairs_total')).toBe(expected[route])
      expect(count('shadow_dropped_total')).toBe(rejected[route])
      expect(metrics.sum('understudy_shadow_dropped_total', { route, reason: 'primary_rejected' })).toBe(
        rejected[route],
      )
      expect(count('sampled_total')).toBe(expected[route] + rejected[route])
      expect(count('eligible_total')).toBe(expected[route] + rejected[route])
    }
    expect(metrics.sum('understudy_pair_outcomes_total', { outcome: 'primary_error' })).toBe(1)
    return true
  })
})
