/**
 * An endpoint that was left out for its errors is tried with one request; while that one is under way, no other goes there.
 * A WebSocket counted as under way until it closed, so that one that was the trial kept its endpoint, and with it a whole
 * canary, out of use for as long as it stayed open: hours. The answered handshake is the proof that was asked for.
 */
import { expect, test } from 'vitest'
import { startUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { startUpstream } from '../support/upstream-server.ts'
import { openWebSocket, startWsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

test('a WebSocket that is open brings its endpoint back', async () => {
  const primary = await startUpstream((_request, respond) => respond.reply(200))
  const canary = await startWsUpstream()
  const network = await startFaultProxy(Number(new URL(canary.url).port), { kind: 'refuse' })
  const proxy = await startUnderstudy({
    upstreams: { v1: primary.url, v2: { endpoints: network.url, outlier: { errors: 1, eject: '300ms' } } },
    routes: [{ name: 'r', primary: 'v1', canary: { upstream: 'v2', percent: 100, fallback: 'primary' } }],
  })
  const client = new SteadyClient(proxy.url, 1)
  const armOfNext = async () => (await client.post('/', '{}')).headers['x-understudy-arm']
  expect((await client.post('/', '{}')).status).toBe(502)
  expect(await armOfNext()).toBe('primary')
  await network.set({ kind: 'pass' })
  const socket = await eventually(async () => {
    const opened = await openWebSocket(proxy.url).catch(() => undefined)
    return opened
  })
  expect(canary.clients.size).toBe(1)
  // The server behind it answers plain requests 426; what counts is where they went.
  expect(await armOfNext()).toBe('canary')
  socket.terminate()
  client.close()
  await proxy.stop()
  await network.stop()
  await Promise.all([primary.stop(), canary.stop()])
})
