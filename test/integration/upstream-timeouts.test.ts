import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts'
import { startFullBacklog, type FullBacklog } from '../support/full-backlog.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { RawResponse } from '../support/raw-response.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** Deadlines are checked every few milliseconds; the rest is for the machine. */
const LATE_MS = 900

let upstream: UpstreamServer
let hole: FaultProxy
let full: FullBacklog
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(() => {})
  hole = await startFaultProxy(upstream.port, { kind: 'black-hole' })
  full = await startFullBacklog()
  const endpoints = upstream.url
  const roomy = { connect: '5s', first_byte: '5s', between_bytes: '5s', total: '5s' }
  proxy = await startUnderstudy({
    upstreams: {
      first_byte: { endpoints, timeouts: { ...roomy, first_byte: '300ms' } },
      between: { endpoints, timeouts: { ...roomy, between_bytes: '300ms' } },
      total: { endpoints, timeouts: { ...roomy, total: '600ms', between_bytes: '300ms' } },
      // TLS to a server that never says a word: connecting never ends.
      connect: { endpoints: `https://127.0.0.1:${hole.port}`, timeouts: { ...roomy, connect: '300ms' } },
      full: { endpoints: `http://127.0.0.1:${full.port}`, timeouts: { ...roomy, connect: '300ms' } },
      gone: 'http://127.0.0.1:1',
    },
    routes: ['first_byte', 'between', 'total', 'connect', 'full', 'gone'].map(name => ({
      name,
      match: { path: `/${name}` },
      primary: name,
    })),
  })
})
afterAll(async () => {
  await proxy.stop()
  await hole.stop()
  await full.stop()
  await upstream.stop()
})

async function call(path: string, headers = ''): Promise<{ response: RawResponse; ms: number }> {
  const client = await connectRaw(proxy.port)
  const startMs = performance.now()
  client.send(`GET ${path} HTTP/1.1\r\nhost: t\r\n${headers}\r\n`)
  const response = await client.readResponse({ timeoutMs: 10_000 })
  client.destroy()
  return { response, ms: performance.now() - startMs }
}

function expectProblem(response: RawResponse, status: number, code: string): void {
  expect([response.status, response.header('content-type')]).toEqual([status, 'application/problem+json'])
  expect(JSON.parse(response.body.toString())).toMatchObject({ status, code })
}

function expectAbout(ms: number, limitMs: number): void {
  expect(ms).toBeGreaterThan(limitMs * 0.9)
  expect(ms).toBeLessThan(limitMs + LATE_MS)
}

describe('C6: each phase of a call has its own time', () => {
  test('connect: 502 when it cannot be reached in time, TLS included', async () => {
    const { response, ms } = await call('/connect')
    expectProblem(response, 502, 'UPSTREAM_CONNECT')
    expectAbout(ms, 300)
  })

  test('connect: 502 when the server has no place for one more connection', async () => {
    const { response, ms } = await call('/full')
    expectProblem(response, 502, 'UPSTREAM_CONNECT')
    expectAbout(ms, 300)
  })

  test('connect: 502 at once when nobody listens', async () => {
    const { response } = await call('/gone')
    expectProblem(response, 502, 'UPSTREAM_CONNECT')
  })

  test('first_byte: 504, and the call is taken back from the model server', async () => {
    upstream.handle((_request, respond) => respond.hang())
    const { response, ms } = await call('/first_byte')
    expectProblem(response, 504, 'UPSTREAM_TIMEOUT')
    expectAbout(ms, 300)
    await eventually(() => upstream.requests.at(-1)?.isGone)
  })

  test('first_byte starts when the upload has ended, however long it took', async () => {
    upstream.handle(async (request, respond) => {
      await request.body
      respond.hang()
    })
    const client = await connectRaw(proxy.port)
    client.send('POST /first_byte HTTP/1.1\r\nhost: t\r\ncontent-length: 4\r\n\r\n')
    for (const piece of 'slow') {
      await sleep(150)
      client.send(piece)
    }
    const sentMs = performance.now()
    const response = await client.readResponse({ timeoutMs: 10_000 })
    expectProblem(response, 504, 'UPSTREAM_TIMEOUT')
    expectAbout(performance.now() - sentMs, 300)
    client.destroy()
  })

  test('between_bytes: an answer that falls silent is broken off', async () => {
    upstream.handle((_request, respond) => {
      respond.head(200, { 'content-type': 'text/event-stream' })
      respond.write('data: 1\n\n')
    })
    const { response, ms } = await call('/between')
    expect([response.status, response.ended]).toEqual([200, 'closed-early'])
    expectAbout(ms, 300)
  })

  test('total: an answer of known length that is still coming is broken off', async () => {
    upstream.handle((_request, respond) => {
      respond.head(200, { 'content-length': '100' })
      return respond.trickle('x'.repeat(100), 1, 100)
    })
    const { response, ms } = await call('/total')
    expect([response.status, response.ended]).toEqual([200, 'closed-early'])
    expectAbout(ms, 600)
  })
})

describe('C6: a stream that keeps sending', () => {
  const LENGTH = 12
  test.each([
    ['text/event-stream', { 'content-type': 'text/event-stream; charset=utf-8' }],
    ['text/event-stream with a length', { 'content-type': 'text/event-stream', 'content-length': String(LENGTH) }],
    ['unknown length', { 'content-type': 'application/json' }],
  ])('is not held to total: %s', async (_, headers) => {
    upstream.handle(async (_request, respond) => {
      respond.head(200, headers)
      await respond.trickle('x'.repeat(LENGTH), 1, 100)
      respond.end()
    })
    const { response, ms } = await call('/total')
    expect([response.ended, response.bodyBytes]).toEqual(['complete', LENGTH])
    expect(ms).toBeGreaterThan(1_000)
  })

  test('is held to between_bytes', async () => {
    upstream.handle((_request, respond) => respond.head(200, { 'content-type': 'text/event-stream' }))
    const { response, ms } = await call('/total')
    expect(response.ended).toBe('closed-early')
    expectAbout(ms, 300)
  })
})

test('C6: 502, 504 and 499 are told apart in the metrics', async () => {
  upstream.handle((_request, respond) => respond.hang())
  const leaving: RawClient = await connectRaw(proxy.port)
  leaving.send('GET /between HTTP/1.1\r\nhost: t\r\n\r\n')
  await eventually(() => upstream.requests.at(-1)?.target === '/between')
  leaving.reset()
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    const errors = (route: string, code: string): number => metrics.sum('understudy_errors_total', { route, code })
    expect(errors('gone', 'UPSTREAM_CONNECT')).toBe(1)
    expect(errors('connect', 'UPSTREAM_CONNECT')).toBe(1)
    expect(errors('first_byte', 'UPSTREAM_TIMEOUT')).toBe(2)
    expect(errors('between', 'UPSTREAM_TIMEOUT')).toBe(1)
    expect(errors('between', 'CLIENT_GONE')).toBe(1)
    expect(errors('total', 'UPSTREAM_TIMEOUT')).toBe(2)
    expect(metrics.value('understudy_requests_total', { route: 'between', code_class: 'none' })).toBe(1)
    expect(metrics.value('understudy_requests_total', { route: 'first_byte', code_class: '5xx' })).toBe(2)
    return true
  })
})
