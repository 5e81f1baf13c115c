import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
  const gone = await startUpstream(() => {})
  await gone.stop()
  const upstreams = {
    v1: primary.url,
    busy: { endpoints: primary.url, connections: 1, timeouts: { connect: '300ms' } },
    gone: `http://127.0.0.1:${gone.port}`,
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

const count = async (metric: string, labels: Record<string, string>): Promise<number> =>
  (await inner.readMetrics()).sum(`understudy_${metric}`, labels)

/** What of a route has been copied once all that was sampled is accounted for. */
async function copies(route: string): Promise<{ eligible: number; sent: number; rejected: number }> {
  return await eventually(async () => {
    const eligible = await count('eligible_total', { route })
    const sent = await count('shadow_sent_total', { route })
    const rejected = await count('shadow_dropped_total', { route, reason: 'primary_rejected' })
    expect(await count('sampled_total', { route })).toBe(sent + (await count('shadow_dropped_total', { route })))
    expect(await count('shadow_in_flight', { route })).toBe(0)
    return { eligible, sent, rejected }
  })
}

describe('E7: a request that never reached the primary', () => {
  test('because its waiting line is full, or took too long, is not copied', async () => {
    primary.handle((_request, respond) => respond.hang())
    const served = await send(inner, 'GET /busy\r\n')
    await eventually(() => primary.requests.at(-1)?.target === '/busy')
    const waits = await send(inner, 'GET /busy\r\n')
    await eventually(async () => (await count('in_flight', {})) === 2)
    const refused = await call(inner, 'GET /busy\r\n')
    expect([refused.status, refused.header('retry-after')]).toEqual([503, '1'])
    const late = await answered(waits)
    expect([late.status, late.header('retry-after')]).toEqual([503, '1'])
    primary.handle((_request, respond) => respond.reply(200))
    primary.resetAll()
    expect((await answered(served)).status).toBe(200) // a GET: sent again to a server that is back
    await eventually(async () => expect(await copies('busy')).toEqual({ eligible: 3, sent: 1, rejected: 2 }) === undefined)
    expect(shadow.requests.filter(request => request.target === '/busy')).toHaveLength(1)
  })

  test.each([
    ['no route', 'GET /nowhere\r\n', '', 404],
    ['a body over the limit', 'POST /plain\r\n', 'x'.repeat(2_000), 413],
    ['two hosts', 'GET /plain\r\nhost: other\r\n', '', 400],
  ])('because of %s is not copied, nor eligible', async (_, head, body, status) => {
    const before = shadow.requestCount
    const eligible = await count('eligible_total', { route: 'plain' })
    expect((await call(inner, head, body)).status).toBe(status)
    await eventually(async () => (await count('in_flight', {})) === 0)
    expect(await count('eligible_total', { route: 'plain' })).toBe(eligible)
    expect(shadow.requestCount).toBe(before)
  })

  test('because nobody listens there makes a pair all the same: that it failed is the comparison', async () => {
    expect((await call(inner, 'POST /gone\r\n', '{}')).status).toBe(502)
    await eventually(async () => {
      const metrics = await inner.readMetrics()
      const { labels } = metrics.find('understudy_pair_outcomes_total', { outcome: 'primary_error' }).find(
        sample => sample.value === 1,
      ) ?? { labels: {} }
      expect(labels.experiment).toMatch(/^gone\.v2\./)
      return true
    })
  })
})

describe('E8: a copy', () => {
  test('is not copied by the next proxy, which serves it', async () => {
    const before = { primary: primary.requestCount, shadow: shadow.requestCount }
    expect((await call(outer, 'GET /plain/loop\r\n')).status).toBe(200)
    await eventually(() => primary.requestCount === before.primary + 2)
    await eventually(async () => (await outer.readMetrics()).sum('understudy_pairs_total') === 1)
    expect(shadow.requestCount).toBe(before.shadow)
    const roles = primary.requests.slice(-2).map(request => request.header('x-understudy-role'))
    expect(roles).toEqual([undefined, undefined])
  })

  test.each(['shadow', 'control', ''])('is whatever says so: x-understudy-role: %s', async role => {
    const before = shadow.requestCount
    const eligible = await count('eligible_total', { route: 'plain' })
    expect((await call(inner, `GET /plain\r\nx-understudy-role: ${role}\r\n`)).status).toBe(200)
    await eventually(async () => (await count('in_flight', {})) === 0)
    expect(await count('eligible_total', { route: 'plain' })).toBe(eligible)
    expect(shadow.requestCount).toBe(before)
  })
})

describe('E10: methods that change something', () => {
  test.each(['GET', 'POST'])('%s is copied without being asked for', async method => {
    const before = shadow.requestCount
    expect((await call(inner, `${method} /plain\r\n`)).status).toBe(200)
    await eventually(() => shadow.requestCount === before + 1)
  })

  test.each(['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])('%s is not', async method => {
    const before = shadow.requestCount
    const eligible = await count('eligible_total', { route: 'plain' })
    expect((await call(inner, `${method} /plain\r\n`)).status).toBe(200)
    await eventually(async () => (await count('in_flight', {})) === 0)
    expect(await count('eligible_total', { route: 'plain' })).toBe(eligible)
    expect(shadow.requestCount).toBe(before)
  })

  test.each([
    ['PUT', 1],
    ['DELETE', 1],
    ['POST', 0],
    ['PATCH', 0],
  ])('a list of one’s own replaces the default: %s', async (method, copied) => {
    const before = shadow.requestCount
    expect((await call(inner, `${method} /listed\r\n`)).status).toBe(200)
    await eventually(() => shadow.requestCount === before + copied)
    expect(shadow.requests.at(-1)?.method === method).toBe(copied === 1)
  })
})
