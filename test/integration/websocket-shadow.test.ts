import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { closeOf, nextMessage, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { frame } from '../support/websocket-frames.ts'
import { eventually } from '../support/within.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** The shadow answers what the primary answers; under /other each of its JSON answers has another label and id. */
let primary: WsUpstream
let shadow: WsUpstream
let proxy: RunningUnderstudy

/** What the shadow has got, in order, by connection. */
const heard: { target: string; headers: Record<string, unknown>; messages: { data: Buffer; binary: boolean }[] }[] = []

beforeAll(async () => {
  const options = { echo: false, perMessageDeflate: { threshold: 0 } } as const
  const protocols = { handleProtocols: (all: Set<string>) => (all.has('chat.v2') ? 'chat.v2' : false) }
  primary = await startWsUpstream({ ...options, ...protocols })
  shadow = await startWsUpstream({ ...options, ...protocols })
  primary.server.on('connection', socket => answer(socket, 'a'))
  shadow.server.on('connection', (socket, { url = '', headers }) => {
    const messages: { data: Buffer; binary: boolean }[] = []
    heard.push({ target: url, headers, messages })
    socket.on('message', (data, binary) => messages.push({ data: data as Buffer, binary }))
    answer(socket, url.startsWith('/other') ? 'b' : 'a')
  })
  const shadows = [{ upstream: 'shadow', percent: 100, websockets: true, timeout: '3s', max_body: '8MiB' }]
  const route = { primary: 'primary', shadows }
  proxy = await startUnderstudy({
    upstreams: { primary: primary.url, shadow: shadow.url },
    routes: [
      { name: 'other', match: { prefix: '/other' }, ...route, compare: { ignore: ['$[*].id'] } },
      { name: 'canary', match: { prefix: '/canary' }, ...route, canary: { upstream: 'shadow', percent: 100 } },
      {
        name: 'moved',
        match: { prefix: '/moved' },
        primary: 'primary',
        shadows: shadows.map(each => ({ ...each, path: '/elsewhere' })),
      },
      { name: 'copies', match: { prefix: '/copies' }, ...route },
      { name: 'same', match: { prefix: '/' }, ...route },
    ],
    record: { bodies: 'always', max_body: '64KiB', redact: ['$[*].email'] },
  })
})

afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

/** JSON with a label and an id of its own for JSON, anything else as it came. */
function answer(socket: WebSocket, label: string): void {
  let id = label === 'a' ? 0 : 1000
  socket.on('message', (data, binary) => {
    const text = (data as Buffer).toString()
    if (binary || !text.startsWith('{')) socket.send(data, { binary })
    else socket.send(JSON.stringify({ id: id++, label, email: 'me@example.com' }))
  })
}

interface SessionRecord {
  readonly requestId: string
  readonly primary: { readonly status: number; readonly latencyUs: number }
  readonly shadow: { readonly status: number; readonly latencyUs: number; readonly error?: string }
  readonly comparison: { readonly result: string; readonly reason?: string; readonly differences: readonly unknown[] }
  readonly bodies: Readonly<Record<'request' | 'primary' | 'shadow', unknown>>
}

async function recordOf(requestId: string): Promise<SessionRecord> {
  return await eventually(() => {
    const lines = readFileSync(join(proxy.directory, 'understudy-pairs.ndjson'), 'utf8').trimEnd().split('\n')
    return lines.map(line => JSON.parse(line) as SessionRecord).find(record => record.requestId === requestId)
  }, 10_000)
}

/** Opens a session, sends these messages one after the other, each after the answer to the one before, and closes it. */
async function session(
  path: string,
  requestId: string,
  messages: readonly (string | Buffer)[],
  protocols: string[] = [],
) {
  const deflate = { perMessageDeflate: { threshold: 0 } }
  const headers = { 'x-request-id': requestId, authorization: 'Bearer x', cookie: 'a=1' }
  const client = await openWebSocket(`${proxy.url}${path}`, { headers, ...deflate }, protocols)
  const answers: string[] = []
  for (const message of messages) {
    client.send(message)
    answers.push((await nextMessage(client)).data.toString())
  }
  client.close(1000, 'done')
  await closeOf(client)
  return answers
}

describe('D7: a shadow gets the sessions of WebSocket clients', () => {
  test('text, binary, long and fragmented messages arrive in order, compressed as they came', async () => {
    const long = randomBytes(200_000)
    const client = await openWebSocket(`${proxy.url}/order`, { perMessageDeflate: { threshold: 0 } }, ['chat.v2'])
    client.send('one')
    client.send('two', { fin: false })
    client.send(' and three', { fin: true })
    client.send(long)
    client.send(long.toString('hex'))
    const got = await eventually(() => {
      const last = heard.find(({ target }) => target === '/order')
      return last?.messages.length === 4 ? last : undefined
    })
    expect(got.messages.map(({ data, binary }) => [binary, sha256(data)])).toEqual([
      [false, sha256('one')],
      [false, sha256('two and three')],
      [true, sha256(long)],
      [false, sha256(long.toString('hex'))],
    ])
    expect(got.headers['sec-websocket-protocol']).toBe('chat.v2')
    expect(got.headers['sec-websocket-extensions']).toContain('permessage-deflate')
    client.terminate()
  })
  test('its handshake has its role and no credentials, and a key of its own', async () => {
    const asked = primary.next()
    await session('/headers?q=1', 'ws-headers', ['x'])
    const got = heard.find(({ target }) => target === '/headers?q=1')
    expect(got?.headers).toMatchObject({ 'x-understudy-role': 'shadow', 'x-request-id': 'ws-headers' })
    expect(got?.headers['sec-websocket-key']).not.toBe((await asked).headers['sec-websocket-key'])
    expect(got?.headers).not.toHaveProperty('authorization')
    expect(got?.headers).not.toHaveProperty('cookie')
  })

  test('it is asked for the path it is to have, with the query of the client', async () => {
    await session('/moved?x=1', 'ws-moved', ['x'])
    await eventually(() => heard.some(({ target }) => target === '/elsewhere?x=1'))
  })

  test('it gets what the client sent right behind its handshake', async () => {
    const client = await connectRaw(proxy.port)
    const lines = ['GET /early HTTP/1.1', 'Host: h', 'Connection: Upgrade', 'Upgrade: websocket']
    const handshake = [...lines, 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${KEY}`, '', ''].join('\r\n')
    const early = frame(Buffer.from('early'), { opcode: 1, mask: Buffer.from([1, 2, 3, 4]) })
    client.send(Buffer.concat([Buffer.from(handshake), early]))
    await eventually(() => {
      const got = heard.find(({ target }) => target === '/early')
      return got?.messages.map(({ data }) => data.toString()).join() === 'early'
    })
    client.destroy()
  })

  test('what it answers is compared, message by message, and no client ever sees it', async () => {
    const answers = await session('/other', 'ws-differs', ['{"q":1}', 'plain', '{"q":2}'])
    expect(answers.join()).not.toContain('"b"')
    const { comparison, bodies, primary, shadow } = await recordOf('ws-differs')
    expect(comparison.result).toBe('disagree')
    expect(comparison.differences).toEqual([
      { path: '$[0].label', kind: 'value', primary: 'a', shadow: 'b' },
      { path: '$[2].label', kind: 'value', primary: 'a', shadow: 'b' },
    ])
    // Whether there is an e-mail address in a text nobody can tell.
    expect(bodies.request).toEqual([{ q: 1 }, '[redacted]', { q: 2 }])
    expect(bodies.primary).toEqual([
      { id: 0, label: 'a', email: '[redacted]' },
      '[redacted]',
      { id: 1, label: 'a', email: '[redacted]' },
    ])
    expect([primary.status, shadow.status]).toEqual([101, 101])
  })

  test("none of a client that is somebody's shadow, of early data, or of a canary", async () => {
    for (const headers of [{ 'x-understudy-role': 'shadow' }, { 'early-data': '1' }]) {
      const client = await openWebSocket(`${proxy.url}/copies`, { headers })
      client.close()
      await closeOf(client)
    }
    const client = await openWebSocket(`${proxy.url}/canary`)
    client.close()
    await closeOf(client)
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      for (const [route, sessions] of Object.entries({ copies: 2, canary: 1 })) {
        expect(metrics.sum('understudy_requests_total', { route, code_class: '1xx' })).toBe(sessions)
        expect(metrics.sum('understudy_eligible_total', { route })).toBe(0)
      }
      return true
    })
  })

  test('equal answers agree', async () => {
    await session('/same', 'ws-agrees', ['{"q":1}', Buffer.from([0, 255]).toString('latin1')])
    expect((await recordOf('ws-agrees')).comparison.result).toBe('agree')
  })
})

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
