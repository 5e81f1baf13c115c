/**
 * What a client sends right behind its WebSocket handshake waits for the model server's answer. It was kept as a view of the
 * buffer that all clients of a thread are read into: whatever another client sent meanwhile went to the model server in its
 * place.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { rawHandshake, SWITCHING_PROTOCOLS } from '../support/raw-handshake.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const HANDSHAKE = rawHandshake('/ws')
const FRAMES = 'of the first client '.repeat(20)

let sockets: Server
let plain: UpstreamServer
let proxy: InProcessPlane
let upgraded: Socket | null = null
let received = ''

beforeEach(async () => {
  sockets = createServer(socket => {
    upgraded = socket
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')))
  })
  sockets.listen(0, '127.0.0.1')
  await once(sockets, 'listening')
  plain = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
upstreams: { ws: "http://127.0.0.1:${(sockets.address() as AddressInfo).port}", v1: "${plain.url}" }
routes:
  - { name: ws, match: { path: /ws }, primary: ws }
  - { name: r, primary: v1 }
`),
  )
})

afterEach(async () => {
  proxy.stop()
  upgraded?.destroy()
  sockets.close()
  await plain.stop()
})

test('bytes behind a handshake arrive as they were sent, whatever others send meanwhile', async () => {
  const client = await connectRaw(proxy.port)
  client.send(HANDSHAKE + FRAMES)
  await eventually(() => received.endsWith('\r\n\r\n'))
  const other = await connectRaw(proxy.port)
  const body = 'x'.repeat(2_000)
  other.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  expect((await other.readResponse()).status).toBe(200)
  received = ''
  upgraded?.write(SWITCHING_PROTOCOLS)
  expect((await client.readResponse()).status).toBe(101)
  client.send('and more')
  await eventually(() => received.length >= FRAMES.length + 8)
  expect(received).toBe(`${FRAMES}and more`)
  client.destroy()
  other.destroy()
})
