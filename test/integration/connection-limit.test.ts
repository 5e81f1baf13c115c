import { afterEach, beforeEach, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const CONNECTIONS = 4
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'

let upstream: UpstreamServer
let proxy: InProcessPlane

beforeEach(async () => {
  upstream = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await InProcessPlane.start(
    loadText(`listen: { address: "127.0.0.1:0", threads: 1 }
limits: { connections: ${CONNECTIONS} }
upstreams: { v1: "${upstream.url}" }
routes: [{ name: r, primary: v1 }]
`),
  )
})
afterEach(async () => {
  proxy.stop()
  await upstream.stop()
})

test('connections over limits.connections are closed at once and counted; a place that becomes free is taken', async () => {
  const { plane } = proxy
  const clients: RawClient[] = []
  for (let i = 0; i < CONNECTIONS; i++) clients.push(await connectRaw(proxy.port))
  await eventually(() => plane.connections === CONNECTIONS)
  for (let i = 0; i < 3; i++) {
    const { bytes } = await (await connectRaw(proxy.port)).readUntilClose()
    expect(bytes).toHaveLength(0)
  }
  expect(plane.connections).toBe(CONNECTIONS)
  expect(plane.counters.errors()).toEqual([{ route: '-', leg: 'client', code: 'OVERLOADED', count: 3 }])
  for (const client of clients) {
    client.send(GET)
    expect((await client.readResponse()).status).toBe(200)
  }
  for (const leave of ['destroy', 'reset', 'halfClose'] as const) {
    clients.pop()?.[leave]()
    await eventually(() => plane.connections === CONNECTIONS - 1)
    const next = await connectRaw(proxy.port)
    clients.push(next)
    next.send(GET)
    expect((await next.readResponse()).status).toBe(200)
  }
  for (const client of clients) client.destroy()
  await eventually(() => plane.connections === 0)
})
