/**
 * A model server that answers a handshake with something else than 101, and does not end that answer, kept its connection and
 * the client's for a minute after the client had gone; and it was not counted among the upstream's connections meanwhile.
 */
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { rawHandshake } from '../support/raw-handshake.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

test('both connections of a refused upgrade are gone when the client has gone', async () => {
  const upstream = await startUpstream((_request, respond) => {
    respond.raw('HTTP/1.1 200 OK\r\n\r\nit goes on')
    respond.hang()
  })
  const proxy = await startUnderstudy({ upstreams: { v1: upstream.url }, routes: [{ name: 'r', primary: 'v1' }] })
  const client = await connectRaw(proxy.port, { allowHalfOpen: true })
  client.send(rawHandshake('/'))
  await eventually(() => client.receivedBytes > 100 || undefined)
  await eventually(async () => (await proxy.readMetrics()).sum('understudy_upstream_in_flight') === 1 || undefined)
  client.halfClose()
  expect(await client.closed).toBe('reset')
  await eventually(() => upstream.connections.open === 0 || undefined)
  await eventually(async () => (await proxy.readMetrics()).sum('understudy_upstream_in_flight') === 0 || undefined)
  await proxy.stop()
  await upstream.stop()
})
