import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptFor } from '../../src/dataplane/http/websocket-handshake.ts'
import { settledCounts } from '../support/pair-file.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { closeOf, nextMessage, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

const NO_PORT = 'http://127.0.0.1:1'

/** How a shadow fails, and the error of its leg. null: the leg only says so with its status. */
const FAULTS = {
  refusing: 'UPSTREAM_CONNECT',
  'not-found': 'UPSTREAM_PROTOCOL',
  busy: null,
  hanging: 'UPSTREAM_TIMEOUT',
  silent: 'UPSTREAM_TIMEOUT',
  'wrong-accept': 'UPSTREAM_PROTOCOL',
  'other-extensions': 'UPSTREAM_PROTOCOL',
  'other-protocol': 'UPSTREAM_PROTOCOL',
  garbage: 'UPSTREAM_PROTOCOL',
  'reset-mid-session': 'UPSTREAM_RESET',
  'fin-mid-session': 'UPSTREAM_RESET',
} as const
type Fault = keyof typeof FAULTS
const NAMES = Object.keys(FAULTS) as Fault[]

let primary: WsUpstream
let faulty: Server
let garbage: TcpServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startWsUpstream()
  faulty = createServer((request, response) => {
    if (request.url === '/not-found') response.writeHead(404).end('nothing here')
    else response.writeHead(503).end('busy')
  })
  faulty.on('upgrade', (request, socket) => {
    socket.on('error', () => {})
    const fault = (request.url ?? '').slice(1)
    const refusals: Record<string, string> = { 'not-found': '404 Not Found', busy: '503 Busy' }
    if (refusals[fault] !== undefined) socket.end(`HTTP/1.1 ${refusals[fault]}\r\nContent-Length: 2\r\n\r\nno`)
    if (refusals[fault] !== undefined || fault === 'hanging') return
    const accept = acceptFor(fault === 'wrong-accept' ? 'another key' : (request.headers['sec-websocket-key'] ?? ''))
    const lines = [`Sec-WebSocket-Accept: ${accept}`, 'Upgrade: websocket', 'Connection: Upgrade']
    if (fault === 'other-extensions') lines.push('Sec-WebSocket-Extensions: permessage-deflate')
    if (fault === 'other-protocol') lines.push('Sec-WebSocket-Protocol: chat.v9')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
    socket.once('data', () => {
      // Half an answer, then nothing.
      if (fault === 'reset-mid-session') socket.write(Buffer.from([0x81, 5, 0x68]), () => socket.destroy())
      if (fault === 'fin-mid-session') socket.end(Buffer.from([0x81, 5, 0x68]))
    })
  })
  faulty.listen(0, '127.0.0.1')
  garbage = createTcpServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n'))
  })
  garbage.listen(0, '127.0.0.1')
  await Promise.all([once(faulty, 'listening'), once(garbage, 'listening')])
  proxy = await startUnderstudy({
    upstreams: {
      primary: primary.url,
      ...Object.fromEntries(NAMES.map(name => [name, { endpoints: urlOf(name), outlier: { errors: 1000 } }])),
    },
    routes: NAMES.map(name => ({
      name,
      match: { path: `/${name}` },
      primary: 'primary',
      shadows: [{ upstream: name, percent: 100, websockets: true, timeout: '700ms' }],
    })),
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
  faulty.closeAllConnections()
  faulty.close()
  garbage.close()
})

function urlOf(name: Fault): string {
  if (name === 'refusing') return NO_PORT
  return `http://127.0.0.1:${((name === 'garbage' ? garbage : faulty).address() as AddressInfo).port}`
}

/** A whole session: three messages, each answered, and a close. */
async function converse(name: Fault): Promise<void> {
  const client = await openWebSocket(`${proxy.url}/${name}`)
  for (const text of ['one', 'two', 'three']) {
    client.send(text)
    expect((await nextMessage(client)).data.toString()).toBe(text)
  }
  client.close(4001, 'enough')
  expect(await closeOf(client)).toEqual({ code: 4001, reason: 'enough' })
}

const SESSIONS = 3

describe('D7: a shadow that fails is invisible to the client, and counted', () => {
  test.each(NAMES)('%s', async name => {
    for (let i = 0; i < SESSIONS; i++) await converse(name)
    const counts = await settledCounts(proxy, `${name}.${name}`, SESSIONS)
    expect(counts.pairs).toBe(SESSIONS)
    expect(counts.outcomes).toEqual({
      agree: 0,
      disagree: 0,
      shadow_error: SESSIONS,
      primary_error: 0,
      both_error: 0,
      incomparable: 0,
    })
    const code = FAULTS[name]
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      expect(metrics.sum('understudy_errors_total', { route: name, leg: 'primary' })).toBe(0)
      expect(metrics.sum('understudy_errors_total', { route: name, leg: 'shadow' })).toBe(code === null ? 0 : SESSIONS)
      if (code !== null) expect(metrics.sum('understudy_errors_total', { route: name, code })).toBe(SESSIONS)
      return true
    })
  })

  test('afterwards every law holds, and nothing is under way', async () => {
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      for (const shadow of NAMES) {
        const sum = (metric: string): number => metrics.sum(`understudy_${metric}_total`, { shadow })
        expect(sum('eligible')).toBeGreaterThan(0)
        expect(sum('sampled')).toBe(sum('shadow_sent') + sum('shadow_dropped'))
        expect(sum('shadow_sent')).toBe(sum('pairs') + sum('unpaired'))
      }
      expect(metrics.sum('understudy_upstream_in_flight')).toBe(0)
      return true
    })
  })
})
