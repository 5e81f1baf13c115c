import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptFor } from '../../src/dataplane/http/websocket-handshake.ts'
import { settledCounts } from '../support/pair-file.ts'
import { readProcess } from '../support/process-use.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { selfSigned } from '../support/self-signed.ts'
import { inParallel } from '../support/steady-client.ts'
import { openConnectionsAt } from '../support/tcp-table.ts'
import { closeOf, nextMessage, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

const MIB = 1024 * 1024
const certificate = selfSigned()
let primary: WsUpstream
let shadow: WsUpstream
let secure: WsUpstream
/** Accepts every upgrade, and never reads a byte after it. */
let deaf: Server
/** Accepts every upgrade, answers the first bytes and breaks, or not: by turns. */
let moody: Server
/** Accepts every upgrade, and says as much as its socket takes, whatever it hears. */
let flood: Server
let flooding = 0
let floodedBytes = 0
let proxy: RunningUnderstudy
const sockets = new Set<Socket>()

beforeAll(async () => {
  primary = await startWsUpstream()
  shadow = await startWsUpstream()
  secure = await startWsUpstream({ tls: certificate })
  deaf = await acceptAll(socket => socket.pause())
  flood = await acceptAll(socket => {
    const payload = Buffer.alloc(60_000, 'a')
    const frame = Buffer.concat([Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]), payload])
    const say = (): void => {
      while (!socket.destroyed && socket.write(frame)) floodedBytes += frame.length
    }
    flooding++
    socket.on('drain', say)
    socket.once('close', () => flooding--)
    socket.resume()
    say()
  })
  let turn = 0
  moody = await acceptAll(socket => {
    const mood = turn++ % 4
    socket.once('data', () => {
      if (mood === 0) socket.destroy()
      if (mood === 1) socket.resetAndDestroy()
      if (mood === 2) socket.write(Buffer.from([0x81, 2, 0x68, 0x69]))
    })
  })
  proxy = await startUnderstudy({
    upstreams: {
      primary: { endpoints: primary.url, connections: 1000 },
      shadow: { endpoints: shadow.url, connections: 1000 },
      secure: { endpoints: secure.url, host: 'upstream', tls: { ca: certificate.cert } },
      deaf: urlOf(deaf),
      flood: urlOf(flood),
      moody: { endpoints: urlOf(moody), outlier: { errors: 1000 } },
      control: { endpoints: primary.url, connections: 1000 },
    },
    routes: [
      route('deaf', { shadows: shadows('deaf', { max_body: '64MiB' }) }),
      route('flood', { shadows: shadows('flood') }),
      route('flood-uncompared', { shadows: shadows('flood'), compare: 'off' }),
      route('long', { shadows: shadows('shadow') }),
      route('moody', { shadows: shadows('moody') }),
      route('crowded', { shadows: shadows('shadow', { max_in_flight: 1 }) }),
      route('leaks', { shadows: shadows('shadow') }),
      route('secure', { shadows: shadows('secure'), control: { upstream: 'control', percent: 100 } }),
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  for (const socket of sockets) socket.destroy()
  for (const server of [deaf, flood, moody]) server.close()
  await Promise.all([primary.stop(), shadow.stop(), secure.stop()])
})

function shadows(upstream: string, more: object = {}): object[] {
  return [{ upstream, percent: 100, websockets: true, timeout: '2s', max_in_flight: 500, ...more }]
}

function route(name: string, more: object): object {
  return { name, match: { path: `/${name}` }, primary: 'primary', ...more }
}

async function acceptAll(accepted: (socket: Socket) => void): Promise<Server> {
  const server = createServer()
  server.on('upgrade', (request, socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const accept = acceptFor(request.headers['sec-websocket-key'] ?? '')
    const lines = ['HTTP/1.1 101 Switching Protocols', `Sec-WebSocket-Accept: ${accept}`]
    socket.write([...lines, 'Upgrade: websocket', 'Connection: Upgrade', '', ''].join('\r\n'))
    accepted(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function upload(path: string, bytes: number): Promise<void> {
  const client = await openWebSocket(`${proxy.url}${path}`, { perMessageDeflate: false })
  const sent = randomBytes(bytes)
  client.send(sent)
  expect((await nextMessage(client, 20_000)).data.equals(sent)).toBe(true)
  client.close()
  await closeOf(client)
}

describe('D7: what a session takes is bounded', () => {
  test('a shadow that never reads stalls nobody, and is given up', async () => {
    const before = readProcess(proxy.pid)
    for (let i = 0; i < 4; i++) await upload('/deaf', 20 * MIB)
    expect(readProcess(proxy.pid).rssBytes - before.rssBytes).toBeLessThan(250 * MIB)
    const counts = await settledCounts(proxy, 'deaf.deaf', 4)
    expect([counts.pairs, counts.outcomes.shadow_error]).toEqual([4, 4])
    const why = await proxy.waitForLog(({ msg, upstream }) => msg === 'shadow failed' && upstream === 'deaf')
    expect(why).toMatchObject({ code: 'UPSTREAM_TIMEOUT', detail: '16777216 bytes were not read' })
  })

  test('a shadow that talks without end is cut, also where nobody wants its words', async () => {
    for (const path of ['/flood', '/flood-uncompared']) {
      const before = floodedBytes
      const client = await openWebSocket(`${proxy.url}${path}`)
      client.send('hello')
      expect((await nextMessage(client)).data.toString()).toBe('hello')
      await settledCounts(proxy, `${path.slice(1)}.flood`, 1)
      await eventually(() => flooding === 0)
      // Its 1 MiB, and what the sockets of both sides hold.
      expect(floodedBytes - before).toBeLessThan(16 * MIB)
      client.terminate()
    }
  })

  test('over max_body nothing is copied any more, and what is there is no evidence against the shadow', async () => {
    await upload('/long', 20 * MIB)
    const counts = await settledCounts(proxy, 'long.shadow', 1)
    expect([counts.pairs, counts.outcomes.incomparable, counts.incomparable.truncated]).toEqual([1, 1, 1])
  })
})

test('D7: a session is in flight for as long as it is compared; more of them than may be are dropped', async () => {
  const clients = await Promise.all([1, 2, 3].map(() => openWebSocket(`${proxy.url}/crowded`)))
  for (const client of clients) client.terminate()
  const { sent, dropped } = await settledCounts(proxy, 'crowded.shadow', 3)
  expect([sent, dropped.in_flight]).toEqual([1, 2])
})

test('D7: the laws hold after sessions whose shadow breaks, and whose clients do', async () => {
  const sessions = 60
  await inParallel(sessions, 20, async i => {
    const client = await openWebSocket(`${proxy.url}/moody`)
    if (i % 5 === 0) return client.terminate()
    client.send('hi')
    expect((await nextMessage(client)).data.toString()).toBe('hi')
    if (i % 5 === 1) return client.terminate()
    client.close()
    await closeOf(client)
  })
  const counts = await settledCounts(proxy, 'moody.moody', sessions)
  expect([counts.eligible, counts.sampled]).toEqual([sessions, sessions])
  expect(counts.sent).toBe(counts.pairs + counts.unpaired.client_gone)
  expect(counts.outcomes.shadow_error).toBeGreaterThan(10)
  expect(counts.outcomes.agree).toBeGreaterThan(1)
  await eventually(async () => {
    const metrics = await proxy.readMetrics()
    const sum = (metric: string): number => metrics.sum(`understudy_${metric}_total`, { shadow: 'moody' })
    expect([sum('eligible'), sum('sampled')]).toEqual([sessions, sessions])
    expect(sum('shadow_sent') + sum('shadow_dropped')).toBe(sessions)
    expect(sum('pairs') + sum('unpaired')).toBe(sum('shadow_sent'))
    return true
  })
  // Half of them never close a connection, whatever they hear.
  await eventually(() => openConnectionsAt((moody.address() as AddressInfo).port) === 0)
})

test('D7: over TLS to the shadow, with a control beside it', async () => {
  const client = await openWebSocket(`${proxy.url}/secure`)
  client.send('secret')
  await nextMessage(client)
  client.close()
  await closeOf(client)
  expect((await settledCounts(proxy, 'secure.secure', 1)).outcomes.agree).toBe(1)
  expect((await settledCounts(proxy, 'secure.control', 1)).outcomes.agree).toBe(1)
})

test('D7: no socket stays open after 200 sessions', async () => {
  const before = readProcess(proxy.pid)
  await inParallel(200, 50, async i => {
    const client = await openWebSocket(`${proxy.url}/leaks`)
    client.send('hello')
    await nextMessage(client)
    if (i % 3 === 0) client.terminate()
    else client.close()
    await closeOf(client)
  })
  const counts = await settledCounts(proxy, 'leaks.shadow', 200)
  expect(counts.pairs + counts.dropped.connections + counts.dropped.overloaded).toBe(200)
  expect(counts.outcomes.agree).toBe(counts.pairs)
  expect(counts.pairs).toBeGreaterThan(100)
  await eventually(() => openConnectionsAt(Number(new URL(shadow.url).port)) === 0)
  await eventually(() => readProcess(proxy.pid).sockets <= before.sockets)
  await eventually(async () => (await proxy.readMetrics()).sum('understudy_upstream_in_flight') === 0)
})
