import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { median } from '../support/median.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** The promise; the machine that runs the tests may itself be late by the rest. */
const PROMISE_MS = 100
const NOISE_MS = 400
/** So often that the median is not the machine's. */
const OFTEN = 11

let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(() => {})
  proxy = await startUnderstudy({ upstreams: { v1: upstream.url }, routes: [{ name: 'r', primary: 'v1' }] })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

const HEADS: readonly [framing: string, begin: (respond: Respond) => void][] = [
  ['chunked', respond => respond.head(200)],
  ['content-length', respond => respond.head(200, { 'content-length': '1000' })],
]
const DEATHS: readonly [how: string, die: (respond: Respond) => void][] = [
  ['closes its connection', respond => respond.close()],
  ['crashes', respond => respond.reset()],
]

/** The milliseconds from the death to the moment the client hears of it. */
async function timeToHear(begin: (respond: Respond) => void, die: (respond: Respond) => void): Promise<number> {
  let diedMs = 0
  upstream.handle((_request, respond) => {
    begin(respond)
    respond.write('the first part')
    setTimeout(() => {
      diedMs = performance.now()
      die(respond)
    }, 100)
  })
  const client = await connectRaw(proxy.port)
  client.send('GET / HTTP/1.1\r\nhost: r\r\n\r\n')
  const response = await client.readResponse()
  const heardMs = performance.now()
  expect(response.body.toString()).toBe('the first part')
  expect(response.ended).not.toBe('complete')
  client.destroy()
  return heardMs - diedMs
}

describe.each(HEADS)('C4: in the middle of an answer with %s', (_, begin) => {
  test.each(DEATHS)('a model server that %s leaves the client with a broken answer at once', async (_how, die) => {
    expect(await timeToHear(begin, die)).toBeLessThan(PROMISE_MS + NOISE_MS)
  })
})

test('C4: what a model server wrote right before its end still reaches the client', async () => {
  upstream.handle((_request, respond) => {
    respond.head(200)
    respond.write('the last words')
    respond.close()
  })
  const client = await connectRaw(proxy.port)
  client.send('GET / HTTP/1.1\r\nhost: r\r\n\r\n')
  const response = await client.readResponse()
  expect([response.body.toString(), response.ended]).toEqual(['the last words', 'closed-early'])
  client.destroy()
})

test('C4: before its answer, a model server that closes the connection is 502 and counted', async () => {
  upstream.handle((_request, respond) => respond.close())
  const client = await connectRaw(proxy.port)
  client.send('POST / HTTP/1.1\r\nhost: r\r\ncontent-length: 1\r\n\r\nx')
  const response = await client.readResponse()
  expect([response.status, response.header('content-type')]).toEqual([502, 'application/problem+json'])
  expect(JSON.parse(response.body.toString())).toMatchObject({ code: 'UPSTREAM_RESET' })
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    // The five broken answers above and this one: errors of the upstream, none of the client.
    return metrics.value('understudy_errors_total', { code: 'UPSTREAM_RESET', leg: 'primary' }) === 6
  })
  expect((await proxy.readMetrics()).sum('understudy_errors_total', { code: 'CLIENT_GONE' })).toBe(0)
  client.destroy()
})

describe.each(HEADS)('C4: most times, in the middle of an answer with %s', (_, begin) => {
  test.each(DEATHS)('the client of a model server that %s hears of it within the promise', async (_how, die) => {
    const times: number[] = []
    for (let i = 0; i < OFTEN; i++) times.push(await timeToHear(begin, die))
    expect(median(times)).toBeLessThan(PROMISE_MS)
  })
})

describe('C4: in the middle of an answer that only the end of its connection ends', () => {
  test.each([
    // Chunks without the last one.
    ['1.1', ['closed-early', 'reset']],
    // Here the end of the connection is that of the answer: only a reset says that there was more.
    ['1.0', ['reset']],
  ])('a model server that crashes leaves a client of HTTP/%s with a broken answer', async (version, broken) => {
    upstream.handle((_request, respond) => {
      respond.raw('HTTP/1.1 200 OK\r\n\r\nhalf')
      setTimeout(() => respond.reset(), 100)
    })
    const client = await connectRaw(proxy.port)
    client.send(`GET / HTTP/${version}\r\nhost: r\r\n\r\n`)
    const response = await client.readResponse()
    expect([response.status, response.body.toString()]).toEqual([200, 'half'])
    expect(broken).toContain(response.ended)
    client.destroy()
  })
})
