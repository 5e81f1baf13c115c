import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let primary: UpstreamServer
let proxy: RunningUnderstudy

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

beforeAll(async () => {
  primary = await startUpstream((request, respond) => {
    if (request.header('upgrade') === undefined) return respond.reply(200, {}, 'plain')
    const accept = createHash('sha1')
      .update(`${request.header('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    respond.informational(101, [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade, X-Hop, Keep-Alive'],
      ['Sec-WebSocket-Accept', accept],
      ['X-Hop', '1'],
      ['Keep-Alive', 'timeout=9'],
      ['Proxy-Authenticate', 'Basic'],
      ['Transfer-Encoding', 'identity'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ])
  })
  proxy = await startUnderstudy({
    upstreams: { live: primary.url },
    routes: [{ name: 'r', match: {}, primary: 'live' }],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
})

describe('B3: a 101', () => {
  test('keeps Upgrade, Connection and what is end-to-end, and loses the rest that belongs to one connection', async () => {
    const client = await connectRaw(proxy.port)
    const handshake = ['Upgrade: websocket', 'Connection: Upgrade, X-Hop', 'X-Hop: 1', 'Keep-Alive: timeout=9']
    const socket = ['Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${KEY}`, 'X-Forwarded-For: 10.0.0.1']
    client.send(['GET /ws HTTP/1.1', 'Host: h', ...handshake, ...socket, '', ''].join('\r\n'))
    const answer = await client.readResponse()
    client.destroy()
    expect(answer.status).toBe(101)
    expect(answer.header('upgrade')).toBe('websocket')
    expect(answer.header('connection')?.toLowerCase()).toBe('upgrade')
    expect(answer.header('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    expect(answer.headerAll('set-cookie')).toEqual(['a=1', 'b=2'])
    for (const name of ['x-hop', 'keep-alive', 'proxy-authenticate', 'transfer-encoding']) {
      expect([name, answer.header(name)]).toEqual([name, undefined])
    }
    const asked = primary.requests.at(-1)
    expect([asked?.header('x-hop'), asked?.header('keep-alive')]).toEqual([undefined, undefined])
    expect(asked?.headerAll('x-forwarded-for')).toEqual(['127.0.0.1'])
  })

  test.each(['h2c', 'foo'])(
    'is never asked for in another protocol: the request goes on as a plain one (%s)',
    async protocol => {
      const client = await connectRaw(proxy.port)
      const head = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABk`
      client.send(`GET /x HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n`)
      expect((await client.readResponse()).body.toString()).toBe('plain')
      client.destroy()
    },
  )
})
