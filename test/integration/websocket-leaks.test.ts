import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw, type Closed, type RawClient } from '../support/raw-client.ts'
import { readProcess } from '../support/process-use.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel } from '../support/steady-client.ts'
import { openConnectionsAt } from '../support/tcp-table.ts'
import { eventually, within } from '../support/within.ts'

const CONNECTIONS = 1000
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
const HANDSHAKE = `GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`
/** "hi", unmasked. */
const FRAME = Buffer.from([0x82, 2, 0x68, 0x69])

/** Answers the handshake and then never closes its side by itself, whatever it hears. */
let stubborn: Server
let proxy: RunningUnderstudy
let latest: Socket
let port = 0
let quiet = false

beforeAll(async () => {
  stubborn = createServer({ allowHalfOpen: true }, socket => {
    latest = socket
    socket.on('error', () => {})
    socket.once('data', () => {
      if (quiet) return
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
      )
      socket.write(FRAME)
    })
    socket.resume()
  })
  stubborn.listen(0, '127.0.0.1')
  await once(stubborn, 'listening')
  port = (stubborn.address() as AddressInfo).port
  proxy = await startUnderstudy({
    upstreams: { stubborn: { endpoints: `http://127.0.0.1:${port}`, connections: 1024 } },
    routes: [{ name: 'ws', match: { prefix: '/' }, primary: 'stubborn' }],
  })
})

afterAll(async () => {
  await proxy.stop()
  stubborn.close()
  latest.destroy()
})

async function open(): Promise<RawClient> {
  const client = await connectRaw(proxy.port, { allowHalfOpen: true })
  client.send(HANDSHAKE)
  expect((await client.readResponse()).status).toBe(101)
  return client
}

/** The proxy gives an end that ignores a FIN two seconds. */
describe('D6: no half-open sockets', () => {
  test(`${CONNECTIONS} clients come and go while the upstream ignores their FIN, and nothing stays`, async () => {
    const before = readProcess(proxy.pid)
    const half: Promise<Closed>[] = []
    let opened = 0
    await inParallel(CONNECTIONS, 200, async i => {
      const client = await open()
      opened++
      expect(await client.readBytes(FRAME.length)).toEqual(FRAME)
      if (i % 3 === 0) {
        client.halfClose()
        half.push(client.closed)
      } else if (i % 3 === 1) client.reset()
      else client.destroy()
    })
    await Promise.all(half)
    expect(opened).toBe(CONNECTIONS)
    await eventually(() => openConnectionsAt(port) === 0, 10_000)
    await eventually(() => readProcess(proxy.pid).sockets <= before.sockets, 5000)
    await eventually(async () => (await proxy.readMetrics()).sum('understudy_upstream_in_flight') === 0)
  }, 60_000)

  test('a client that leaves during the handshake takes the upstream connection with it', async () => {
    quiet = true
    for (const leave of ['halfClose', 'reset', 'destroy'] as const) {
      const client = await connectRaw(proxy.port)
      client.send(HANDSHAKE)
      await eventually(() => openConnectionsAt(port) === 1)
      client[leave]()
      await eventually(() => openConnectionsAt(port) === 0, 1000)
    }
    quiet = false
    await eventually(
      async () => (await proxy.readMetrics()).sum('understudy_errors_total', { code: 'CLIENT_GONE' }) === 3,
    )
  })

  test('a half-closed end still gets what the other end has to say', async () => {
    const client = await open()
    await client.readBytes(FRAME.length)
    client.halfClose()
    const socket = latest
    await once(socket, 'end')
    for (let i = 0; i < 3; i++) {
      socket.write(FRAME)
      expect(await client.readBytes(FRAME.length)).toEqual(FRAME)
    }
    socket.end(FRAME)
    expect(await client.readUntilClose()).toEqual({ bytes: FRAME, closed: 'fin' })
  })

  test('so does an upstream that has closed its side, until the client closes its own', async () => {
    const client = await open()
    await client.readBytes(FRAME.length)
    const socket = latest
    socket.end()
    expect(await client.closed).toBe('fin')
    const before = socket.bytesRead
    // For longer than an end that says nothing would be given.
    for (let i = 1; i <= 10; i++) {
      await new Promise(resolve => setTimeout(resolve, 300))
      client.send(FRAME)
      await eventually(() => socket.bytesRead - before === i * FRAME.length)
    }
    const ended = once(socket, 'end')
    client.halfClose()
    // Sooner than the proxy would cut it.
    await within(ended, 1_500, 'the upstream did not hear that the client has closed')
    await eventually(() => openConnectionsAt(port) === 0)
  })

  test('nothing is printed beside the log', () => {
    expect(proxy.output).toEqual([])
  })

  test('what is under way to a client is delivered when the upstream has closed already', async () => {
    const client = await open()
    await client.readBytes(FRAME.length)
    client.pause()
    const socket = latest
    const bytes = Buffer.alloc(8 * 1024 * 1024, 7)
    socket.end(bytes)
    await sleep(300)
    client.resume()
    expect((await client.readUntilClose()).bytes.length).toBe(bytes.length)
  })
})
