import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startIsOver } from '../support/start-is-over.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { median } from '../support/median.ts'
import { eventually, within } from '../support/within.ts'

/** The promise; the machine that runs the tests may itself be late by the rest. */
const PROMISE_MS = 100
const NOISE_MS = 400
/** So often that the median is not the machine's. */
const OFTEN = 11
const BODY = '{"x":1}'

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream(() => {})
  shadow = await startUpstream((_request, respond) => void setTimeout(() => respond.reply(200, {}, 'late'), 300))
  proxy = await startUnderstudy({
    upstreams: { v1: primary.url, v2: shadow.url },
    routes: [
      { name: 'mirrored', match: { path: '/mirrored' }, primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] },
      { name: 'plain', primary: 'v1' },
    ],
    log: { level: 'debug', access: 1 },
  })
  await startIsOver()
})
afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

interface UnderWay {
  readonly client: RawClient
  readonly request: UpstreamRequest
  readonly respond: Respond
}

/** A request the model server has got the head of. */
async function begin(path: string, sent: string): Promise<UnderWay> {
  const arrived = Promise.withResolvers<Omit<UnderWay, 'client'>>()
  primary.handle((request, respond) => arrived.resolve({ request, respond }))
  const client = await connectRaw(proxy.port)
  client.send(`POST ${path} HTTP/1.1\r\nhost: m\r\n${sent}`)
  return { client, ...(await within(arrived.promise, 5_000, 'the request did not arrive')) }
}

const WHOLE = `content-length: ${BODY.length}\r\n\r\n${BODY}`
const PHASES: readonly [phase: string, begin: () => Promise<UnderWay>][] = [
  ['while it uploads', () => begin('/plain', `content-length: 1000\r\n\r\n${BODY}`)],
  ['while it uploads in chunks', () => begin('/plain', `transfer-encoding: chunked\r\n\r\n7\r\n${BODY}\r\n`)],
  ['before the first byte of the answer', () => begin('/plain', WHOLE)],
  [
    'in the middle of the answer',
    async () => {
      const underWay = await begin('/plain', WHOLE)
      underWay.respond.head(200)
      underWay.respond.write('first')
      await eventually(() => underWay.client.receivedBytes > 0)
      return underWay
    },
  ],
]
const LEAVES: readonly [how: string, leave: (client: RawClient) => void][] = [
  ['crashes', client => client.reset()],
  ['closes', client => client.destroy()],
  ['sends a FIN', client => client.halfClose()],
]

/** The milliseconds from the leave to the moment the model server hears of it. */
async function timeToHear(prepare: () => Promise<UnderWay>, leave: (client: RawClient) => void): Promise<number> {
  const { client, request } = await prepare()
  const leftMs = performance.now()
  leave(client)
  const goneMs = await within(request.gone, 5_000, 'the model server was left working')
  client.destroy()
  return goneMs - leftMs
}

describe.each(PHASES)('C2: a client that goes away %s', (_, prepare) => {
  test.each(LEAVES)('and %s takes its request to the model server with it at once', async (_how, leave) => {
    expect(await timeToHear(prepare, leave)).toBeLessThan(PROMISE_MS + NOISE_MS)
  })

  test.each(LEAVES)('and %s does so within the promise, most times', async (_how, leave) => {
    const times: number[] = []
    for (let i = 0; i < OFTEN; i++) times.push(await timeToHear(prepare, leave))
    expect(median(times)).toBeLessThan(PROMISE_MS)
  })
})

test('C2: a client that goes away within its request head reaches no model server', async () => {
  const before = primary.requestCount
  const client = await connectRaw(proxy.port)
  client.send('POST /plain HTTP/1.1\r\nhost: m\r\nx-hal')
  client.destroy()
  const next = await begin('/plain', WHOLE)
  expect(primary.requestCount).toBe(before + 1)
  next.respond.reply(200)
  expect((await next.client.readResponse()).status).toBe(200)
  next.client.destroy()
})

describe('C3: the copy of a client that went away', () => {
  test('is finished, counted as unpaired, and the client is logged as 499', async () => {
    const before = await proxy.readMetrics()
    const { client } = await begin('/mirrored', `x-request-id: left-early\r\n${WHOLE}`)
    await eventually(() => shadow.requestCount > 0)
    client.destroy()
    await eventually(async () => {
      const now = await proxy.readMetrics()
      const rise = (name: string, labels: Record<string, string>): number =>
        now.sum(name, labels) - before.sum(name, labels)
      expect(rise('understudy_unpaired_total', { reason: 'client_gone' })).toBe(1)
      expect(rise('understudy_errors_total', { code: 'CLIENT_GONE', route: 'mirrored' })).toBe(1)
      expect(rise('understudy_pairs_total', { shadow: 'v2' })).toBe(0)
      return true
    })
    expect(shadow.abortedCount).toBe(0)
    const line = await proxy.waitForLog(each => each.msg === 'request' && each['requestId'] === 'left-early')
    expect([line['status'], line['error']]).toEqual([499, 'CLIENT_GONE'])
  })

  test('whose upload was not whole is never sent, and counted', async () => {
    const sent = shadow.requestCount
    const { client } = await begin('/mirrored', `content-length: 1000\r\n\r\n${BODY}`)
    client.destroy()
    await eventually(async () => {
      const now = await proxy.readMetrics()
      return now.value('understudy_shadow_dropped_total', { shadow: 'v2', reason: 'upload_incomplete' }) === 1
    })
    expect(shadow.requestCount).toBe(sent)
  })
})
