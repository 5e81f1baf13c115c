import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { WheelEntry } from '../../src/dataplane/deadline-wheel.ts'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { inParallel } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const CLIENTS = 2_000
const LANES = 20

let upstream: UpstreamServer
let proxy: InProcessPlane
/** Everything that has ever had a deadline. */
let armed: Set<WheelEntry>

beforeEach(async () => {
  upstream = await startUpstream(
    async (request, respond) => {
      if (request.target === '/silent') return
      if (request.target === '/early') return respond.reply(200, {}, 'enough')
      respond.head(200)
      respond.write('the beginning')
      if (request.target === '/stream') return
      await request.body
      respond.end()
    },
    { keepRequests: false },
  )
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
limits: { connections: 1000 }
upstreams: { v1: { endpoints: "${upstream.url}", connections: 64, outlier: { errors: 100000 } } }
routes: [{ name: r, primary: v1 }]
`),
  )
  armed = new Set()
  const { wheel } = proxy.plane
  const arm = wheel.arm.bind(wheel)
  wheel.arm = (entry, ...rest) => {
    armed.add(entry)
    arm(entry, ...rest)
  }
})
afterEach(async () => {
  proxy.stop()
  await upstream.stop()
})

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`
const post = (target: string): string => `POST ${target} HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nfour`
const answered = async (client: RawClient): Promise<void> => void (await client.readResponse())
const begun = async (client: RawClient): Promise<void> => void (await client.readBytes(20))
const moment = (): Promise<void> => sleep(5)

/** How far they come before they go. */
const PHASES: readonly (readonly [sent: string, until: (client: RawClient) => Promise<void>])[] = [
  ['', moment],
  ['\r', moment],
  ['GET / HTTP/1.1\r\nHo', moment],
  [post('/'), moment],
  [get('/silent'), moment],
  [get('/silent') + get('/next'), moment],
  [`${get('/silent')}GET /half`, moment],
  [get('/stream'), begun],
  [get('/'), answered],
  [`${get('/')}GET /half`, answered],
  [post('/early'), answered],
  [get('/').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), answered],
  [get('/').replace('1.1', '1.0'), answered],
  ['no HTTP\r\n\r\n', answered],
  [get('/../'), answered],
]
const LEAVES: readonly ((client: RawClient) => void)[] = [
  client => client.halfClose(),
  client => client.reset(),
  client => client.destroy(),
]

test(`${CLIENTS} clients that go in all phases of a request leave nothing behind`, async () => {
  const clients: RawClient[] = []
  await inParallel(CLIENTS, LANES, async i => {
    const client = await connectRaw(proxy.port)
    clients.push(client)
    const [sent, until] = PHASES[i % PHASES.length] as (typeof PHASES)[number]
    client.send(sent)
    await until(client)
    LEAVES[Math.floor(i / PHASES.length) % LEAVES.length]?.(client)
  })
  const { plane } = proxy
  await eventually(() => plane.connections === 0 && plane.inFlight === 0, 10_000)
  expect(clients).toHaveLength(CLIENTS)
  expect(plane.openExchanges.count).toBe(0)
  expect(armed.size).toBeGreaterThanOrEqual(CLIENTS)
  // Connections to the model server that are kept have no deadline either.
  expect([...armed].filter(entry => !Number.isNaN(entry.wheelDueMs))).toEqual([])
  const client = await connectRaw(proxy.port)
  client.send(get('/'))
  expect((await client.readResponse()).body.toString()).toBe('the beginning')
  client.destroy()
}, 60_000)
