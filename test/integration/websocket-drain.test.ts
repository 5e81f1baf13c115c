import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { closeOf, nextMessage, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'

let upstream: WsUpstream
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startWsUpstream()
  proxy = await startUnderstudy({
    upstreams: { v1: upstream.url },
    routes: [{ name: 'ws', match: { prefix: '/' }, primary: 'v1' }],
  })
})

afterAll(async () => {
  await proxy.kill()
  await upstream.stop()
})

test('C10: on SIGTERM both ends of a WebSocket hear 1001, between two frames, and the proxy ends in time', async () => {
  const idle = await open()
  const busy = await open()
  // A frame that is half way to its client when the signal comes.
  busy.client.pause()
  const frame = randomBytes(16 * 1024 * 1024)
  busy.server.send(frame)
  await sleep(300) // until the buffers on the way are full
  expect(busy.server.bufferedAmount).toBeGreaterThan(0)
  const message = nextMessage(busy.client)
  const ends = [idle.client, idle.server, busy.client, busy.server]
  const closes = Promise.all(ends.map(end => closeOf(end)))
  const stopped = proxy.stop()
  await closeOf(idle.client)
  busy.client.resume()
  expect((await message).data.equals(frame)).toBe(true)
  expect(await closes).toEqual(ends.map(() => ({ code: 1001, reason: '' })))
  const { code, ms } = await stopped
  expect(code).toBe(0)
  expect(ms).toBeLessThan(10_000)
})

async function open(): Promise<{ client: WebSocket; server: WebSocket }> {
  const arrived = upstream.next()
  const client = await openWebSocket(proxy.url, { perMessageDeflate: false })
  return { client, server: (await arrived).socket }
}
