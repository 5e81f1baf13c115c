/**
 * What a shadow may make the data plane read was counted in bytes of bodies. Interim answers without end, and bodies cut into
 * chunks of one byte, have next to none and take the thread 1 to 2 us each: the p50 of a client went from 2 to 152 ms, with
 * one copied WebSocket session from 1.5 to 68 ms.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { getJson } from '../support/http-json.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

const INTERIM = 'HTTP/1.1 103 Early Hints\r\n\r\n'
const PIECE = 2_000
/** A tenth of what `max_body` would let through in chunks of one byte. */
const MOST = 100_000

let primary: UpstreamServer
let sessions: WsUpstream
let shadow: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200, {}, '{}'))
  sessions = await startWsUpstream()
  shadow = await startUpstream(async ({ target }, respond) => {
    const isChunks = target === '/chunks'
    if (isChunks) respond.head(200)
    const piece = (isChunks ? '1\r\na\r\n' : INTERIM).repeat(PIECE)
    for (let sent = 0; sent < MOST; sent += PIECE) {
      respond.raw(piece)
      await respond.drained()
      await new Promise(setImmediate)
    }
    if (isChunks) respond.end()
    else respond.hang()
  })
  const copy = { upstream: 'v2', percent: 100, methods: ['GET'], timeout: '20s' }
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: primary.url, w1: sessions.url, v2: shadow.url },
    routes: [
      { name: 'session', match: { path: '/session' }, primary: 'w1', shadows: [{ ...copy, websockets: true }] },
      { name: 'interim', match: { path: '/interim' }, primary: 'v1', shadows: [copy] },
      { name: 'chunks', match: { path: '/chunks' }, primary: 'v1', shadows: [copy] },
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), sessions.stop(), shadow.stop()])
})

const outcomes = async (route: string) => {
  const { counts } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/${route}.v2`)) as {
    counts: { outcomes: Record<string, number>; incomparable: Record<string, number> }
  }
  return counts
}

describe('a copy whose answer is all framing is given up', () => {
  test('for interim answers without end: an error of the shadow', async () => {
    const client = await connectRaw(proxy.port)
    client.send('GET /interim HTTP/1.1\r\nHost: h\r\n\r\n')
    expect((await client.readResponse()).status).toBe(200)
    await eventually(async () => (await outcomes('interim')).outcomes['shadow_error'] === 1 || undefined, 10_000)
    await proxy.waitForLog(({ code, route }) => code === 'UPSTREAM_PROTOCOL' && route === 'interim')
    client.destroy()
  })

  test('for chunks of one byte: too large to compare, long before max_body', async () => {
    const client = await connectRaw(proxy.port)
    client.send('GET /chunks HTTP/1.1\r\nHost: h\r\n\r\n')
    expect((await client.readResponse()).status).toBe(200)
    await eventually(async () => (await outcomes('chunks')).incomparable['too_large'] === 1 || undefined, 10_000)
    client.destroy()
  })

  test('for interim answers to the handshake of a copied session: an error of the shadow', async () => {
    const socket = await openWebSocket(`${proxy.url}/session`)
    await proxy.waitForLog(({ code, route }) => code === 'UPSTREAM_PROTOCOL' && route === 'session')
    socket.terminate()
  })
})
