/**
 * The answer to a HEAD says how long a GET's would be. The copy's leg took that for the length of what was to come: such
 * answers were too large to compare, and each cost the connection to the shadow.
 */
import { expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { getJson } from '../support/http-json.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamHandler } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const answer: UpstreamHandler = (request, respond) =>
  respond.reply(request.target === '/unchanged' ? 304 : 200, { 'content-length': '5000000' })

test('answers without a body are compared, whatever length they announce', async () => {
  const [primary, shadow] = [await startUpstream(answer), await startUpstream(answer)]
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: primary.url, v2: shadow.url },
    routes: [{ name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100, methods: ['GET', 'HEAD'] }] }],
  })
  const client = await connectRaw(proxy.port)
  for (const [method, target] of [
    ['HEAD', '/model'],
    ['GET', '/unchanged'],
    ['HEAD', '/model'],
  ]) {
    client.send(`${method} ${target} HTTP/1.1\r\nHost: h\r\n\r\n`)
    await client.readResponse({ method: method as string })
  }
  await eventually(async () => {
    const { counts } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2`)) as {
      counts: { pairs: number; outcomes: { agree: number } }
    }
    return counts.outcomes.agree === 3 || undefined
  }, 10_000)
  expect(shadow.connections.opened).toBeLessThanOrEqual(2)
  client.destroy()
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})
