import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { connectWatched, type WatchedClient } from '../support/watched-client.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

/** Short enough to be kept whole, and too long for what a write of it leaves in the socket alone. */
const ANSWER_BYTES = 900_000
/** Together more than the kernel takes for a client that does not read. */
const ANSWERS = 20
/** More than anybody has to be patient with a client that takes memory. */
const LONG_MS = 60_000
/** All the memory there is. */
const MEMORY_MIB = 40
const MIB = 1024 * 1024
/** Longer than anything takes that should not happen. */
const SETTLE_MS = 200
const LOOK_MS = 20
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'

let upstream: UpstreamServer
let proxy: InProcessPlane

beforeEach(async () => {
  upstream = await startUpstream((_request, respond) => respond.reply(200, {}, Buffer.alloc(ANSWER_BYTES, 0x61)))
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
upstreams: { v1: { endpoints: "${upstream.url}", connections: 1 } }
routes: [{ name: r, primary: v1 }]
`),
  )
})
afterEach(async () => {
  proxy.stop()
  await upstream.stop()
})

const clientsGone = (): number =>
  proxy.plane.counters
    .errors()
    .filter(each => each.code === 'CLIENT_GONE')
    .reduce((sum, each) => sum + each.count, 0)

/** A client that asks for many answers and reads none, when as much is on its way to it as there will be. */
async function connectStuck(): Promise<WatchedClient> {
  const watched = await connectWatched(proxy.plane)
  watched.client.pause()
  watched.client.send(GET.repeat(ANSWERS))
  await eventually(async () => {
    const before = upstream.requestCount
    await sleep(SETTLE_MS)
    return proxy.plane.unreadAnswers.bytes > 0 && upstream.requestCount === before
  })
  return watched
}

/** Takes the memory for answers that nobody reads, as clients do that stopped reading at `nowMs`. */
function wantMemory(nowMs: number): void {
  const { unreadAnswers } = proxy.plane
  for (let i = 0; i < MEMORY_MIB; i++) unreadAnswers.keep({ giveUpUnread() {} }, MIB, nowMs)
}

async function readAll(client: RawClient, answers: number): Promise<void> {
  for (let i = 0; i < answers; i++) {
    const answer = await client.readResponse({ keepBody: false })
    expect([answer.status, answer.bodyBytes, answer.ended]).toEqual([200, ANSWER_BYTES, 'complete'])
  }
}

describe('C7: the rest of an answer that its client does not read', () => {
  test('is kept, so that the connection to the model server serves others at once, and nobody is cut', async () => {
    const stuck = await connectStuck()
    await eventually(() => proxy.plane.inFlight === 0)
    expect(upstream.requestCount).toBeLessThan(ANSWERS)
    const other = await connectRaw(proxy.port)
    other.send(GET)
    await readAll(other, 1)
    expect([upstream.connections.opened, upstream.abortedCount, clientsGone()]).toEqual([1, 0, 0])
    stuck.client.resume()
    await readAll(stuck.client, ANSWERS)
    await eventually(() => proxy.plane.unreadAnswers.bytes === 0)
    for (const client of [stuck.client, other]) client.destroy()
  })

  test('is forgotten when the client leaves', async () => {
    const { client } = await connectStuck()
    client.reset()
    await eventually(() => proxy.plane.unreadAnswers.bytes === 0)
  })

  test('is given up where its memory is needed for others: the client is cut, counted, and has no further request', async () => {
    const { client, socket } = await connectStuck()
    await eventually(() => proxy.plane.inFlight === 0)
    const requests = upstream.requestCount
    expect(requests).toBeLessThan(ANSWERS)
    wantMemory(performance.now() + LONG_MS)
    await eventually(() => socket.destroyed)
    await sleep(SETTLE_MS)
    expect([clientsGone(), upstream.abortedCount, upstream.requestCount]).toEqual([1, 0, requests])
    client.resume()
    expect(await client.closed).toBe('reset')
  })

  test('is given up with its call where the model server has not sent all of it', async () => {
    upstream.handle(async (_request, respond) => {
      respond.head(200, { 'content-length': `${ANSWER_BYTES}` })
      respond.write(Buffer.alloc(ANSWER_BYTES - 1, 0x61))
      // What the client does not read has no end.
      do await sleep(LOOK_MS)
      while (proxy.plane.unreadAnswers.bytes > 0)
      respond.write('a')
      respond.end()
    })
    const { client, socket } = await connectStuck()
    expect([proxy.plane.inFlight, clientsGone()]).toEqual([1, 0])
    wantMemory(performance.now() + LONG_MS)
    await eventually(() => socket.destroyed && proxy.plane.inFlight === 0)
    client.resume()
    expect(await client.closed).toBe('reset')
    expect(clientsGone()).toBe(1)
    await eventually(() => upstream.abortedCount === 1)
  })

  test('waits with the model server where there is no memory for it', async () => {
    wantMemory(performance.now() + LONG_MS)
    const { client, socket } = await connectWatched(proxy.plane)
    client.pause()
    client.send(GET.repeat(ANSWERS))
    await eventually(() => socket.writableLength > 0 && proxy.plane.inFlight === 1)
    expect(socket.writableLength).toBeLessThan(ANSWER_BYTES / 4)
    client.resume()
    await readAll(client, ANSWERS)
    client.destroy()
  })
})
