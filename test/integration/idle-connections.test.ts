import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const IDLE_MS = 1_000
const GET = 'GET / HTTP/1.1\r\nhost: r\r\n\r\n'

let primary: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    limits: { idle: `${IDLE_MS}ms` },
    upstreams: { v1: primary.url },
    routes: [{ name: 'r', match: {}, primary: 'v1' }],
  })
})
afterAll(async () => {
  await proxy.stop()
  await primary.stop()
})

const connections = async (): Promise<number> => (await proxy.readMetrics()).value('understudy_connections')

test('a connection that was answered and asks nothing more is closed when its idle time is over, and was told so', async () => {
  const client = await connectRaw(proxy.port)
  client.send(GET)
  const answer = await client.readResponse()
  expect([answer.status, answer.header('keep-alive')]).toEqual([200, `timeout=${IDLE_MS / 1000}`])
  await eventually(async () => (await connections()) === 0)
  client.destroy()
})

test('a connection that never asks anything is closed as well', async () => {
  const client = await connectRaw(proxy.port)
  await eventually(async () => (await connections()) === 1)
  await eventually(async () => (await connections()) === 0)
  client.destroy()
})

test('a connection whose answer takes longer than the idle time stays, and so does one that is used now and then', async () => {
  const slow = await connectRaw(proxy.port)
  primary.handle((_request, respond) => void setTimeout(() => respond.reply(200), 3 * IDLE_MS))
  slow.send(GET)
  const used = await connectRaw(proxy.port)
  for (let i = 0; i < 6; i++) {
    // A path of its own, refused at once: the model server of this test is busy.
    used.send('GET /../ HTTP/1.1\r\nhost: r\r\n\r\n')
    expect((await used.readResponse()).status).toBe(400)
    await sleep(IDLE_MS / 2)
  }
  expect((await slow.readResponse()).status).toBe(200)
  slow.destroy()
  used.destroy()
})
