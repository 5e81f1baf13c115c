import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { EventFeed, type FeedLimits } from '../../../src/control/events.ts'
import { connectRaw, type RawClient } from '../../support/raw-client.ts'
import { eventually } from '../../support/within.ts'

const CONFIG = { revision: 2, hash: 'abcdef012345', changes: ['route r: canary percent 5 -> 10'] }

let server: Server | null = null

afterEach(() => server?.close())

/** A feed behind a real server that takes every request for one to listen. */
async function serve(limits: Partial<FeedLimits> = {}): Promise<{ feed: EventFeed; listen: () => Promise<RawClient> }> {
  const feed = new EventFeed(limits)
  server = createServer((_request, response) => {
    if (!feed.add(response)) response.writeHead(503).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const listen = async (): Promise<RawClient> => {
    const client = await connectRaw(port)
    client.send('GET / HTTP/1.1\r\nhost: h\r\n\r\n')
    await eventually(() => client.receivedBytes > 0)
    return client
  }
  return { feed, listen }
}

test('every listener gets each event from the moment it came, numbered and named', async () => {
  const { feed, listen } = await serve()
  const first = await listen()
  feed.publish('config', CONFIG)
  const second = await listen()
  feed.publish('rollout', { route: 'r', state: 'stopped', percent: 0, reason: 'ROLLBACK' })
  feed.close()
  const [early, late] = await Promise.all([first, second].map(async client => (await client.readResponse()).body))
  const events = [
    'retry: 2000\n\n',
    `id: 1\nevent: config\ndata: ${JSON.stringify(CONFIG)}\n\n`,
    'id: 2\nevent: rollout\ndata: {"route":"r","state":"stopped","percent":0,"reason":"ROLLBACK"}\n\n',
  ]
  expect(String(early)).toBe(events.join(''))
  expect(String(late)).toBe(`${events[0]}${events[2]}`)
  await eventually(() => feed.listeners === 0)
})

test('an idle listener hears that the feed is alive', async () => {
  const { feed, listen } = await serve({ heartbeatMs: 10 })
  const client = await listen()
  await sleep(50)
  feed.close()
  expect(String((await client.readResponse()).body)).toContain('\n\n: still here\n\n')
})

test('a listener too many is turned away, and has a place when another one goes', async () => {
  const { feed, listen } = await serve({ listeners: 1 })
  const first = await listen()
  const refused = await listen()
  expect((await refused.readResponse()).status).toBe(503)
  first.reset()
  await eventually(() => feed.listeners === 0)
  await listen()
  expect(feed.listeners).toBe(1)
  feed.close()
})

test('one that does not read is cut, the others miss nothing', async () => {
  const { feed, listen } = await serve()
  const [slow, reader] = [await listen(), await listen()]
  slow.pause()
  const long = { ...CONFIG, changes: ['x'.repeat(100_000)] }
  let published = 0
  while (feed.listeners === 2 && published < 1_000) {
    feed.publish('config', long)
    published++
    // The reader has its turn; the kernel's buffers of the other one fill up.
    await eventually(() => reader.unreadBytes >= published * 100_000)
  }
  expect([feed.listeners, published < 1_000]).toEqual([1, true])
  feed.publish('config', CONFIG)
  feed.close()
  const { body } = await reader.readResponse()
  expect(String(body).match(/event: config/g)).toHaveLength(published + 1)
  slow.resume()
  expect((await slow.readResponse()).ended).toBe('closed-early')
})
