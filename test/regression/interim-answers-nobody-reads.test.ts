/**
 * Answers of 1xx were written whether their client read them or not: a model server that sent them without end, or only many
 * of them, filled the memory of the proxy with what one client did not read.
 */
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** Fewer than are too many for any answer. */
const SENT = 900

test('interim answers are left out while their client does not read, and the answer behind them comes', async () => {
  const upstream = await startUpstream(async (_request, respond) => {
    for (let i = 0; i < SENT; i++) {
      respond.informational(103, { link: 'x'.repeat(60_000) + i })
      if (i % 20 === 0) await new Promise(setImmediate)
    }
    respond.reply(200, {}, 'the answer')
  })
  const proxy = await startUnderstudy({ upstreams: { v1: upstream.url }, routes: [{ name: 'r', primary: 'v1' }] })
  const client = await connectRaw(proxy.port)
  client.pause()
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await eventually(async () => (await proxy.readMetrics()).sum('understudy_requests_total') === 1 || undefined, 20_000)
  client.resume()
  const response = await client.readResponse()
  expect([response.status, response.body.toString()]).toEqual([200, 'the answer'])
  expect(response.informational.length).toBeGreaterThan(0)
  expect(response.informational.length).toBeLessThan(SENT / 2)
  client.destroy()
  await proxy.stop()
  await upstream.stop()
})
