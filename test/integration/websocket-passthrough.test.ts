import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { rawHandshake } from '../support/raw-handshake.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { selfSigned } from '../support/self-signed.ts'
import { closeOf, nextMessage, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { frame } from '../support/websocket-frames.ts'
import { eventually } from '../support/within.ts'

const certificate = selfSigned()
const MIB = 1024 * 1024
const HANDSHAKE = rawHandshake('/')
let upstream: WsUpstream
let canary: WsUpstream
let secure: WsUpstream
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startWsUpstream({
    perMessageDeflate: { threshold: 0 },
    handleProtocols: protocols => (protocols.has('chat.v2') ? 'chat.v2' : false),
  })
  canary = await startWsUpstream()
  secure = await startWsUpstream({ tls: certificate })
  const sticky = { upstream: 'canary', percent: 50, sticky: 'header:x-user-id' }
  proxy = await startUnderstudy({
    upstreams: {
      main: { endpoints: upstream.url, headers: { set: { 'x-added': 'yes' }, remove: ['x-unwanted'] } },
      canary: canary.url,
      secure: { endpoints: secure.url, host: 'upstream', tls: { ca: certificate.cert } },
      dead: 'http://127.0.0.1:1',
    },
    routes: [
      { name: 'sticky', match: { prefix: '/sticky' }, primary: 'main', canary: sticky },
      { name: 'secure', match: { prefix: '/secure' }, primary: 'secure' },
      { name: 'main', match: { prefix: '/' }, primary: 'main', shadows: [{ upstream: 'dead', percent: 100 }] },
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  await Promise.all([upstream.stop(), canary.stop(), secure.stop()])
})

describe('D6: a WebSocket passes through as if there was no proxy', () => {
  test('the handshake arrives with its target, headers and the rules of the upstream', async () => {
    const arrived = upstream.next()
    const headers = {
      'X-Odd': "it's",
      'x-unwanted': '1',
      'x-understudy-role': 'shadow',
      'x-request-id': 'ws-1',
      te: 'x',
    }
    const client = await openWebSocket(`${proxy.url}//a'b//c?q=|x|&r`, { headers })
    const { headers: seen, target } = await arrived
    expect(target).toBe("//a'b//c?q=|x|&r")
    expect(seen).toMatchObject({
      'x-odd': "it's",
      'x-added': 'yes',
      'x-request-id': 'ws-1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      host: new URL(proxy.url).host,
    })
    for (const name of ['x-unwanted', 'x-understudy-role', 'te']) expect(seen).not.toHaveProperty(name)
    client.close()
    await closeOf(client)
  })

  test('the answer names the arm and the request, and the two ends negotiate the subprotocol', async () => {
    const client = await openWebSocket(proxy.url, { headers: { 'x-request-id': 'ws-2' } }, ['chat.v1', 'chat.v2'])
    expect(client.protocol).toBe('chat.v2')
    client.terminate()
    const other = await openWebSocket(proxy.url)
    expect(other.protocol).toBe('')
    other.terminate()
  })

  test('permessage-deflate is negotiated end to end and survives both directions', async () => {
    const client = await openWebSocket(proxy.url, { perMessageDeflate: { threshold: 0 } })
    expect(client.extensions).toContain('permessage-deflate')
    const text = JSON.stringify(Array.from({ length: 5000 }, (_, i) => ({ i, half: i / 2 })))
    client.send(text)
    expect((await nextMessage(client)).data.toString()).toBe(text)
    client.terminate()
    const plain = await openWebSocket(proxy.url, { perMessageDeflate: false })
    expect(plain.extensions).toBe('')
    plain.terminate()
  })

  test('a frame over 16 MiB passes whole, in both directions', async () => {
    const client = await openWebSocket(proxy.url, { perMessageDeflate: false })
    const bytes = randomBytes(20 * MIB)
    client.send(bytes)
    const { data, binary } = await nextMessage(client, 20_000)
    expect(binary).toBe(true)
    expect(sha256(data)).toBe(sha256(bytes))
    client.terminate()
  })

  test('and reaches the upstream while the client is still sending it', async () => {
    const client = await connectRaw(proxy.port)
    const arrived = upstream.next()
    client.send(HANDSHAKE)
    expect((await client.readResponse()).status).toBe(101)
    const { socket: server, connection } = await arrived
    const before = connection.bytesRead
    const bytes = randomBytes(32 * MIB)
    const whole = frame(bytes, { opcode: 2, mask: Buffer.alloc(4) })
    client.send(whole.subarray(0, MIB))
    await eventually(() => connection.bytesRead - before === MIB)
    const message = nextMessage(server, 20_000)
    client.send(whole.subarray(MIB))
    expect(sha256((await message).data)).toBe(sha256(bytes))
    client.destroy()
  })

  test('ping and pong pass in both directions', async () => {
    const arrived = upstream.next()
    const client = await openWebSocket(proxy.url)
    const { socket: server } = await arrived
    const pongs = Promise.all([once(client, 'pong'), once(server, 'pong')])
    client.ping('from the client')
    server.ping('from the server')
    expect((await pongs).map(([data]) => String(data))).toEqual(['from the client', 'from the server'])
    client.terminate()
  })

  test.each([
    [1000, 'done'],
    [3001, 'a library'],
    [4999, 'an application'],
  ])('close code %i passes in both directions', async (code, reason) => {
    for (const starts of ['client', 'server']) {
      const arrived = upstream.next()
      const client = await openWebSocket(proxy.url)
      const { socket: server } = await arrived
      const closed = Promise.all([closeOf(client), closeOf(server)])
      if (starts === 'client') client.close(code, reason)
      else server.close(code, reason)
      expect(await closed).toEqual([
        { code, reason },
        { code, reason },
      ])
    }
  })

  test('an end that vanishes without a close frame takes the other one with it', async () => {
    for (const starts of ['client', 'server']) {
      const arrived = upstream.next()
      const client = await openWebSocket(proxy.url)
      const { socket: server } = await arrived
      const [gone, left] = starts === 'client' ? [client, server] : [server, client]
      const closed = closeOf(left, 1000)
      gone.terminate()
      expect((await closed).code).toBe(1006)
    }
  })

  test('over TLS to the upstream, too', async () => {
    const client = await openWebSocket(`${proxy.url}/secure`)
    client.send('secret')
    expect((await nextMessage(client)).data.toString()).toBe('secret')
    client.terminate()
  })
})

test('a sticky canary gets the WebSockets of its users, always the same ones', async () => {
  const users = Array.from({ length: 24 }, (_, i) => `user-${i}`)
  const first = await Promise.all(users.map(armOf))
  expect(await Promise.all(users.map(armOf))).toEqual(first)
  expect(new Set(first)).toEqual(new Set(['primary', 'canary']))
})

/** What the answer to the handshake says. */
async function armOf(user: string): Promise<string> {
  let arm = ''
  const socket = await openWebSocket(`${proxy.url}/sticky`, {
    headers: { 'x-user-id': user },
    finishRequest: request => {
      request.on('upgrade', response => (arm = String(response.headers['x-understudy-arm'])))
      request.end()
    },
  })
  socket.terminate()
  return arm
}

test('D7: WebSockets are not shadowed, and a dead shadow is invisible to them', async () => {
  const client = await openWebSocket(proxy.url)
  client.send('still here')
  expect((await nextMessage(client)).data.toString()).toBe('still here')
  client.terminate()
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    expect(metrics.sum('understudy_requests_total', { route: 'main', code_class: '1xx' })).toBeGreaterThan(10)
    expect(metrics.sum('understudy_eligible_total')).toBe(0)
    expect(metrics.sum('understudy_errors_total')).toBe(0)
    return true
  })
})

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
