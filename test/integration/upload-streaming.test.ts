import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getJson } from '../support/http-json.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startIsOver } from '../support/start-is-over.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const SMALL_LIMIT_BYTES = 4 * 1024
const LARGE_LIMIT_BYTES = 256 * 1024

let primary: UpstreamServer
let strict: UpstreamServer
let generous: UpstreamServer
let proxy: RunningUnderstudy

async function answer(request: UpstreamRequest, respond: Respond): Promise<void> {
  await request.body
  respond.reply(200)
}

beforeAll(async () => {
  ;[primary, strict, generous] = await Promise.all([
    startUpstream(answer),
    startUpstream(answer),
    startUpstream(answer),
  ])
  proxy = await startUnderstudy({
    limits: { body: '1MiB' },
    upstreams: { v1: primary.url, strict: strict.url, generous: generous.url },
    routes: [
      {
        name: 'r',
        primary: 'v1',
        shadows: [
          { upstream: 'strict', percent: 100, max_body: SMALL_LIMIT_BYTES },
          { upstream: 'generous', percent: 100, max_body: LARGE_LIMIT_BYTES },
        ],
      },
    ],
  })
  await startIsOver()
})
afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), strict.stop(), generous.stop()])
})

const FRAMINGS: readonly [framing: string, header: string, piece: (text: string) => string, end: string][] = [
  ['content-length', 'content-length: 9', text => text, ''],
  ['chunks', 'transfer-encoding: chunked', text => `${text.length}\r\n${text}\r\n`, '0\r\n\r\n'],
]

describe.each(FRAMINGS)('E3: an upload with %s', (_, header, piece, end) => {
  test('reaches the primary byte by byte while the client is still sending', async () => {
    const before = primary.requestCount
    const client = await connectRaw(proxy.port)
    client.send(`POST /infer HTTP/1.1\r\nhost: r\r\n${header}\r\n\r\n`)
    let sent = ''
    for (const part of ['one', 'two', 'end']) {
      client.send(piece(part))
      sent += part
      await eventually(() => primary.requestCount > before && primary.requests.at(-1)?.bodyBytes === sent.length)
    }
    const request = primary.requests.at(-1) as UpstreamRequest
    if (end !== '') expect(request.bodyState).toBe('receiving')
    client.send(end)
    expect((await client.readResponse()).status).toBe(200)
    expect((await request.body).data?.toString()).toBe('onetwoend')
    await eventually(() => strict.requests.at(-1)?.bodyState === 'received')
    expect((await (strict.requests.at(-1) as UpstreamRequest).body).data?.toString()).toBe('onetwoend')
    client.destroy()
  })
})

test('E3: the copies are sent when the body is whole, not before', async () => {
  const copies = strict.requestCount
  const client = await connectRaw(proxy.port)
  client.send('POST /infer HTTP/1.1\r\nhost: r\r\ncontent-length: 6\r\n\r\none')
  await eventually(() => primary.requests.at(-1)?.bodyBytes === 3)
  expect(strict.requestCount).toBe(copies)
  client.send('two')
  await client.readResponse()
  await eventually(() => strict.requestCount === copies + 1)
  client.destroy()
})

const countsOf = async (shadow: string): Promise<unknown> =>
  ((await getJson(`${proxy.adminUrl}/api/v1/experiments/r.${shadow}`)) as { counts: unknown }).counts

describe('E4: a body over max_body', () => {
  // `together` arrives within one turn, `apart` takes longer: two ways through the proxy.
  test.each([
    ['together', 1],
    ['apart', 2],
  ])('is served, and copied only where it fits: %s', async (how, limited) => {
    const body = Buffer.alloc(SMALL_LIMIT_BYTES + 1, 0x62)
    const client = await connectRaw(proxy.port)
    const head = `POST /infer HTTP/1.1\r\nhost: r\r\ncontent-length: ${body.length}\r\n\r\n`
    if (how === 'together') client.send(Buffer.concat([Buffer.from(head), body]))
    else {
      client.send(head)
      client.send(body.subarray(0, 100))
      await eventually(() => primary.requests.at(-1)?.bodyBytes === 100)
      client.send(body.subarray(100))
    }
    expect((await client.readResponse()).status).toBe(200)
    expect((await (primary.requests.at(-1) as UpstreamRequest).body).data?.equals(body)).toBe(true)
    await eventually(async () => {
      // The three of the tests above were small.
      const counts = { sampled: 3 + limited, sent: 3, dropped: { body_limit: limited } }
      expect(await countsOf('strict')).toMatchObject(counts)
      expect(await countsOf('generous')).toMatchObject({ sent: 3 + limited, dropped: { body_limit: 0 } })
      return true
    }, 10_000)
    expect((await (generous.requests.at(-1) as UpstreamRequest).body).data?.equals(body)).toBe(true)
    client.destroy()
  })

  test('is counted in the metrics with its reason, one by one', async () => {
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      expect(metrics.value('understudy_shadow_dropped_total', { shadow: 'strict', reason: 'body_limit' })).toBe(2)
      expect(metrics.sum('understudy_shadow_dropped_total', { shadow: 'generous' })).toBe(0)
      return true
    })
  })
})

describe('a body over limits.body', () => {
  test('of a known length is refused before the primary hears of it', async () => {
    const before = primary.requestCount
    const client = await connectRaw(proxy.port)
    client.send('POST /infer HTTP/1.1\r\nhost: r\r\ncontent-length: 1048577\r\n\r\n')
    const response = await client.readResponse()
    expect([response.status, response.header('connection')]).toEqual([413, 'close'])
    expect(primary.requestCount).toBe(before)
    client.destroy()
  })

  test('of unknown length is refused when it is over, and taken back from the primary', async () => {
    const client = await connectRaw(proxy.port)
    client.send('POST /infer HTTP/1.1\r\nhost: r\r\ntransfer-encoding: chunked\r\n\r\n')
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    for (let i = 0; i < 17; i++) client.send(chunk)
    const response = await client.readResponse()
    expect([response.status, response.header('connection')]).toEqual([413, 'close'])
    expect(JSON.parse(response.body.toString())).toMatchObject({ code: 'BODY_TOO_LARGE' })
    await eventually(() => primary.requests.at(-1)?.isGone)
    client.destroy()
  })
})
