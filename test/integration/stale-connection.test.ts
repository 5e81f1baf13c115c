import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startIsOver } from '../support/start-is-over.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  shadow = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    upstreams: { v1: { endpoints: primary.url, outlier: { errors: 1000 } }, v2: shadow.url },
    routes: [
      { name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100, methods: ['GET', 'POST', 'PUT'] }] },
    ],
  })
  client = new SteadyClient(proxy.url, 1)
  await startIsOver()
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

beforeEach(async () => {
  primary.handle((_request, respond) => respond.reply(200))
  expect((await client.post('/warm', '{}')).status).toBe(200)
})

async function call(method: string, body: string | null): Promise<number> {
  const raw = await connectRaw(proxy.port)
  const framing = body === null ? '' : `content-length: ${body.length}\r\n`
  raw.send(`${method} / HTTP/1.1\r\nhost: r\r\n${framing}\r\n${body ?? ''}`)
  const { status } = await raw.readResponse()
  raw.destroy()
  return status
}

/** The model server's idle time is over just when the next request arrives: it closes instead of answering. */
function closeOnNextRequest(): void {
  let first = true
  primary.handle((_request, respond) => {
    if (first) respond.close()
    else respond.reply(200)
    first = false
  })
}

const copies = async (sent: number): Promise<boolean> => await eventually(() => shadow.requestCount === sent)

describe('C8: a pooled connection that the model server has closed', () => {
  test('while it was idle is not used again: every request gets through', async () => {
    for (let i = 0; i < 5; i++) {
      const opened = primary.connections.opened
      primary.closeIdle()
      await eventually(() => primary.connections.open === 0)
      expect((await client.post('/', '{}')).status).toBe(200)
      expect(primary.connections.opened).toBe(opened + 1)
    }
  })

  test('under a POST is 502: the model server may have seen it', async () => {
    closeOnNextRequest()
    const before = primary.requestCount
    expect(await call('POST', '{}')).toBe(502)
    expect(primary.requestCount).toBe(before + 1)
  })

  test.each([
    ['GET', null],
    ['PUT', '{}'],
  ])('under a %s is not noticed by the client: it may be repeated, once', async (method, body) => {
    closeOnNextRequest()
    const before = primary.requestCount
    expect(await call(method, body)).toBe(200)
    expect(primary.requestCount).toBe(before + 2)
  })

  test('again under the repeated request is 502', async () => {
    primary.handle((_request, respond) => respond.close())
    const before = primary.requestCount
    expect(await call('GET', null)).toBe(502)
    expect(primary.requestCount).toBe(before + 2)
  })

  test('in the middle of an answer is never repeated', async () => {
    primary.handle((_request, respond) => {
      respond.head(200)
      respond.write('half')
      setTimeout(() => respond.close(), 20)
    })
    const before = primary.requestCount
    const raw = await connectRaw(proxy.port)
    raw.send('GET / HTTP/1.1\r\nhost: r\r\n\r\n')
    expect((await raw.readResponse()).ended).toBe('closed-early')
    expect(primary.requestCount).toBe(before + 1)
    raw.destroy()
  })

  test('under an upload that was streamed is 502, also where the method may be repeated', async () => {
    primary.handle((request, respond) => request.onBody(() => respond.close()))
    const before = primary.requestCount
    const raw = await connectRaw(proxy.port)
    raw.send('PUT / HTTP/1.1\r\nhost: r\r\ncontent-length: 100\r\n\r\nfirst')
    expect((await raw.readResponse()).status).toBe(502)
    expect(primary.requestCount).toBe(before + 1)
    raw.destroy()
  })
})

describe('C9: a request that was sent twice', () => {
  test('is copied once', async () => {
    const before = shadow.requestCount
    closeOnNextRequest()
    expect(await call('PUT', '{}')).toBe(200)
    expect(await call('GET', null)).toBe(200)
    await copies(before + 2)
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      expect(metrics.value('understudy_shadow_sent_total')).toBe(shadow.requestCount)
      expect(metrics.sum('understudy_retries_total', { route: 'r', arm: 'primary' })).toBeGreaterThan(2)
      return true
    })
  })
})
