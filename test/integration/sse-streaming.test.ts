import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startIsOver } from '../support/start-is-over.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { eventually, within } from '../support/within.ts'

/** Relaying a piece takes a millisecond; a buffer that waits for the next piece, or a timer, takes longer than this. */
const AT_ONCE_MS = 250
const EVENTS = ['data: {"token":"one"}\n\n', 'data: {"token":"two"}\n\n', 'data: [DONE]\n\n']

let upstream: UpstreamServer
let hanging: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(() => {})
  hanging = await startUpstream((_request, respond) => respond.hang())
  proxy = await startUnderstudy({
    upstreams: { v1: upstream.url, v2: hanging.url },
    routes: [
      { name: 'mirrored', match: { host: 'mirrored' }, primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] },
      { name: 'llm', primary: 'v1' },
    ],
  })
  await startIsOver()
})
afterAll(async () => {
  await proxy.kill() // it would wait for the copy that hangs
  await Promise.all([upstream.stop(), hanging.stop()])
})

/** Sends a request and gives the test both ends: what the model server writes, and what the client has got so far. */
async function openStream(host = 'llm') {
  const arrived = Promise.withResolvers<Respond>()
  upstream.handle((_request, respond) => arrived.resolve(respond))
  const client = await connectRaw(proxy.port)
  client.send(`GET /v1/stream HTTP/1.1\r\nhost: ${host}\r\naccept-encoding: gzip\r\n\r\n`)
  const pieces: string[] = []
  let wake = Promise.withResolvers<void>()
  const response = client.readResponse({
    timeoutMs: 10_000,
    onBody: piece => {
      pieces.push(piece.toString())
      wake.resolve()
      wake = Promise.withResolvers()
    },
  })
  const respond = await within(arrived.promise, 5_000, 'the request did not arrive')
  const next = async (): Promise<string> => {
    if (pieces.length === 0) await within(wake.promise, AT_ONCE_MS, 'the event was held back')
    return pieces.splice(0).join('')
  }
  return { client, respond, response, next }
}

describe.each([['text/event-stream'], ['text/event-stream; charset=utf-8'], ['application/x-ndjson']])(
  'C1: a stream of %s',
  type => {
    test('reaches the client event by event, as the model server writes them', async () => {
      const { client, respond, response, next } = await openStream()
      respond.head(200, { 'content-type': type })
      for (const event of EVENTS) {
        respond.write(event)
        expect(await next()).toBe(event)
      }
      respond.end()
      const whole = await response
      expect([whole.ended, whole.header('content-type'), whole.header('content-encoding')]).toEqual([
        'complete',
        type,
        undefined,
      ])
      expect(whole.body.toString()).toBe(EVENTS.join(''))
      client.destroy()
    })
  },
)

test('C1: an answer of known length, too, comes piece by piece', async () => {
  const { client, respond, response, next } = await openStream()
  respond.head(200, { 'content-length': '6' })
  respond.write('one')
  expect(await next()).toBe('one')
  respond.write('two')
  expect(await next()).toBe('two')
  respond.end()
  expect((await response).body.toString()).toBe('onetwo')
  client.destroy()
})

test('C1: a stream that is mirrored comes event by event while its shadow hangs', async () => {
  const { client, respond, response, next } = await openStream('mirrored')
  await eventually(() => hanging.requestCount === 1)
  respond.head(200, { 'content-type': 'text/event-stream' })
  for (const event of EVENTS) {
    respond.write(event)
    expect(await next()).toBe(event)
  }
  respond.end()
  const whole = await response
  expect([whole.ended, whole.body.toString()]).toEqual(['complete', EVENTS.join('')])
  // Not by giving up the copy, either.
  await eventually(async () => (await proxy.readMetrics()).sum('understudy_shadow_in_flight') === 1)
  client.destroy()
})
