import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** Between two tokens. Of two arrivals the first may be seen late, so that half of it is left on a busy machine. */
const GAP_MS = 80
const LEAST_GAP_US = (GAP_MS * 1_000) / 2
const SSE = { 'content-type': 'text/event-stream' }
const EVENTS = [
  'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n',
  ...['It', ' is'].map(content => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`),
  'data: {"choices":[{"delta":{"content":" so"},"finish_reason":"stop"}]}\n\n',
  'data: [DONE]\n\n',
]
const BODY = EVENTS.join('')

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream(() => {})
  shadow = await startUpstream(() => {})
  proxy = await startUnderstudy({
    upstreams: { v1: primary.url, v2: shadow.url },
    routes: [{ name: 'llm', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100, max_body: '64MiB' }] }],
  })
})
afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

async function eventByEvent(respond: Respond): Promise<void> {
  respond.head(200, SSE)
  for (const event of EVENTS) {
    respond.write(event)
    await sleep(GAP_MS)
  }
  respond.end()
}

interface LegRecord {
  readonly latencyUs: number
  readonly ttfbUs: number
  readonly bytes: number
  readonly error?: string
  readonly stream?: {
    readonly firstByteUs: number
    readonly firstTokenUs: number
    readonly interTokenUs: { readonly p50: number; readonly p99: number }
    readonly tokensPerSecond: number
    readonly heldUs: number
  }
}

interface PairRecord {
  readonly requestId: string
  readonly primary: LegRecord
  readonly shadow: LegRecord
}

let requests = 0

/** One request whose answer is read once `readAfterMs` have passed, and the record of its pair. */
async function pairOf(readAfterMs = 0): Promise<{ body: string; pair: PairRecord }> {
  const id = `stream-${requests++}`
  const client = await connectRaw(proxy.port)
  client.send(`GET /v1/stream HTTP/1.1\r\nhost: llm\r\nx-request-id: ${id}\r\n\r\n`)
  if (readAfterMs > 0) {
    client.pause()
    await sleep(readAfterMs)
    client.resume()
  }
  const body = (await client.readResponse({ timeoutMs: 20_000 })).body.toString()
  client.destroy()
  const pair = await eventually(() => {
    const lines = readFileSync(join(proxy.directory, 'understudy-pairs.ndjson'), 'utf8').split('\n').slice(0, -1)
    return lines.map(line => JSON.parse(line) as PairRecord).find(({ requestId }) => requestId === id)
  })
  return { body, pair }
}

describe('the record of a streamed pair', () => {
  test('has the timing of each leg, also where both say the same, however their bytes come in pieces', async () => {
    primary.handle((_request, respond) => eventByEvent(respond))
    shadow.handle(async (_request, respond) => {
      respond.head(200, SSE)
      // All but the last byte of the tokens come early.
      respond.write(BODY.slice(0, -EVENTS.slice(-2).join('').length - 1))
      await sleep(GAP_MS)
      for (const byte of BODY.slice(-EVENTS.slice(-2).join('').length - 1)) respond.write(byte)
      respond.end()
    })
    const { body, pair } = await pairOf()
    expect(body).toBe(BODY)
    expect(pair).toMatchObject({ comparison: { result: 'agree' } })
    for (const { stream } of [pair.primary, pair.shadow])
      expect(stream).toMatchObject({ tokens: 3, cut: null, missedPieces: 0, heldUs: 0 })
    const live = pair.primary.stream
    expect(live?.firstByteUs).toBeGreaterThanOrEqual(pair.primary.ttfbUs)
    expect(live?.firstTokenUs).toBeGreaterThanOrEqual((live?.firstByteUs ?? 0) + LEAST_GAP_US)
    expect(live?.interTokenUs.p50).toBeGreaterThanOrEqual(LEAST_GAP_US)
    expect(live?.tokensPerSecond).toBeLessThanOrEqual(1e6 / LEAST_GAP_US)
    // Its second and third token came after the pause, the first before.
    const copy = pair.shadow.stream
    expect(copy?.firstTokenUs).toBe(copy?.firstByteUs)
    expect(copy?.interTokenUs.p99).toBeGreaterThanOrEqual(LEAST_GAP_US)
    expect(pair.primary.latencyUs).toBeGreaterThan(pair.shadow.latencyUs)
  })

  test('says where the stream of a leg was cut', async () => {
    primary.handle((_request, respond) => eventByEvent(respond))
    const start = EVENTS.slice(0, 3).join('')
    shadow.handle(async (_request, respond) => {
      respond.head(200, SSE)
      respond.write(`${start}data: {"cho`)
      await sleep(GAP_MS)
      respond.reset()
    })
    const { body, pair } = await pairOf()
    expect(body).toBe(BODY)
    expect(pair.shadow).toMatchObject({
      error: 'UPSTREAM_RESET',
      stream: { tokens: 2, cut: { atByte: start.length + 11, inEvent: true } },
    })
    expect(pair.primary.stream).toMatchObject({ tokens: 3, cut: null })
  })

  test('says how long a client that does not read has held up the primary', async () => {
    const line = `${JSON.stringify({ response: 'x'.repeat(64 * 1024) })}\n`
    // 12 MiB: more than sockets hold, and twice of it less than the copies of a thread may.
    const lines = 12 * 16
    const respondAll = async (respond: Respond): Promise<void> => {
      respond.head(200, { 'content-type': 'application/x-ndjson' })
      for (let i = 0; i < lines; i++) if (!respond.write(line)) await respond.drained()
      respond.end()
    }
    primary.handle((_request, respond) => respondAll(respond))
    shadow.handle((_request, respond) => respondAll(respond))
    const { body, pair } = await pairOf(400)
    expect(body.length).toBe(line.length * lines)
    expect([pair.primary.stream, pair.shadow.stream]).toMatchObject([{ tokens: lines }, { tokens: lines, heldUs: 0 }])
    expect(pair.primary.stream?.heldUs).toBeGreaterThan(100_000)
  })

  test('has no timing of answers that are no streams', async () => {
    primary.handle((_request, respond) => respond.reply(200, { 'content-type': 'application/json' }, '{"label":1}'))
    shadow.handle((_request, respond) => respond.reply(200, { 'content-type': 'application/json' }, '{"label":2}'))
    const { pair } = await pairOf()
    expect([pair.primary.stream, pair.shadow.stream]).toEqual([undefined, undefined])
  })
})
