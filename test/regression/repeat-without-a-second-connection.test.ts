/**
 * A request that may be repeated was not when its upstream had no other connection: the one it had just lost still counted
 * as taken. With `connections: 1`, or with all connections in use, a model server that closed an idle connection under a
 * GET made it a 502.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(() => {})
  proxy = await startUnderstudy({
    upstreams: { v1: { endpoints: upstream.url, connections: 1 } },
    routes: [{ name: 'r', primary: 'v1' }],
  })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

test('C8: the only connection of an upstream is used for the second attempt as well', async () => {
  let requests = 0
  upstream.handle((_request, respond) => {
    requests++
    if (requests % 2 === 1) respond.close()
    else respond.reply(200)
  })
  const client = await connectRaw(proxy.port)
  for (let i = 1; i <= 3; i++) {
    client.send('GET / HTTP/1.1\r\nhost: r\r\n\r\n')
    expect((await client.readResponse()).status).toBe(200)
    expect(requests).toBe(2 * i)
  }
  client.destroy()
})
