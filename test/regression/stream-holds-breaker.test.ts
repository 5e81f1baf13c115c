/**
 * The leg that tries an endpoint again told only at its end how it went. When its answer was a stream, the endpoint was left
 * out for as long as that ran: the users of a canary that had recovered stayed with the primary.
 */
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

test('the head of a stream is enough to take an endpoint back', async () => {
  const primary = await startUpstream((_request, respond) => respond.reply(200))
  let isBroken = true
  const candidate = await startUpstream(({ target }, respond) => {
    if (isBroken) respond.reply(500)
    else if (target === '/stream') {
      respond.head(200, { 'content-type': 'text/event-stream' })
      respond.write('data: 1\n\n')
    } else respond.reply(200)
  })
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: primary.url, v2: { endpoints: candidate.url, outlier: { errors: 1, eject: '300ms' } } },
    routes: [{ name: 'r', primary: 'v1', canary: { upstream: 'v2', percent: 100, fallback: 'primary' } }],
  })
  const client = new SteadyClient(proxy.url, 2)
  const arm = async (): Promise<unknown> => (await client.post('/', '{}')).headers['x-understudy-arm']
  expect([await arm(), await arm()]).toEqual(['canary', 'primary'])
  isBroken = false
  const reader = await eventually(async () => {
    const raw = await connectRaw(proxy.port)
    raw.send('GET /stream HTTP/1.1\r\nHost: h\r\n\r\n')
    await eventually(() => raw.receivedBytes > 0)
    const head = (await raw.readBytes(raw.receivedBytes)).toString()
    if (head.includes('text/event-stream')) return raw
    raw.destroy()
    return undefined
  }, 10_000)
  expect([await arm(), await arm()]).toEqual(['canary', 'canary'])
  reader.destroy()
  client.close()
  await proxy.stop()
  await Promise.all([primary.stop(), candidate.stop()])
})
