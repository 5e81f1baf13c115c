/**
 * Each copy to a shadow that resets its connections, or answers more than anybody compares, needs a new connection. There
 * were up to 500 of them a second, and dozens at once after each quiet moment: their errors, sockets and buffers (which made
 * V8 collect everything for milliseconds at a time) were what one client in a hundred had to wait for. Now they are a tenth
 * as many, evenly spread, and a shadow that closes its connections behind good answers still gets its copies.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamHandler, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const REQUESTS = 400
const CONNECTIONS = 4
/** `max_in_flight` until the first loss is known, then what 128 tokens buy at the price of ten; and fifty a second. */
const AT_ONCE = 64 + 13
const PER_SECOND = 50
const MEBIBYTE = Buffer.alloc(1024 * 1024, 'x')

const LOSING: Readonly<Record<string, UpstreamHandler>> = {
  'is-reset': (_request, respond) => respond.reset(),
  'is-endless': async (_request, respond) => {
    respond.head(200)
    await respond.endless()
  },
  'is-huge': async (_request, respond) => {
    respond.head(200)
    for (let i = 0; i < 10 && !respond.isDone; i++) if (!respond.write(MEBIBYTE)) await respond.drained()
    respond.end()
  },
}
const CLOSING = 'closes'
const closing: UpstreamHandler = (_request, respond) => respond.reply(200, { connection: 'close' })

let servers: UpstreamServer[]
let proxy: RunningUnderstudy
let client: SteadyClient

beforeAll(async () => {
  const primary = await startUpstream((_request, respond) => respond.reply(200))
  servers = [primary]
  const upstreams: Record<string, string> = { primary: primary.url }
  const shadows = { ...LOSING, [CLOSING]: closing }
  for (const [name, handler] of Object.entries(shadows)) {
    const server = await startUpstream(handler, { keepRequests: false })
    servers.push(server)
    upstreams[name] = server.url
  }
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams,
    routes: Object.keys(shadows).map(name => ({
      name,
      match: { prefix: `/${name}` },
      primary: 'primary',
      shadows: [{ upstream: name, percent: 100 }],
    })),
  })
  client = new SteadyClient(proxy.url, CONNECTIONS)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all(servers.map(server => server.stop()))
})

/** Copies that were sent of REQUESTS requests, and the seconds they took. */
async function copies(name: string): Promise<{ sent: number; seconds: number }> {
  const startMs = performance.now()
  await inParallel(REQUESTS, CONNECTIONS, async () => {
    expect((await client.post(`/${name}`, '{}')).status).toBe(200)
  })
  const seconds = (performance.now() - startMs) / 1000
  return await eventually(async () => {
    const metrics = await proxy.readMetrics()
    const count = (metric: string): number => metrics.sum(`understudy_${metric}`, { route: name, shadow: name })
    expect(metrics.sum('understudy_shadow_in_flight')).toBe(0)
    expect(count('sampled_total')).toBe(REQUESTS)
    expect(count('shadow_sent_total') + count('shadow_dropped_total')).toBe(REQUESTS)
    return { sent: count('shadow_sent_total'), seconds }
  }, 10_000)
}

test.each(Object.keys(LOSING))('are few and spread where every answer %s, and each is accounted for', async name => {
  const { sent, seconds } = await copies(name)
  expect(sent).toBeGreaterThan(0)
  expect(sent).toBeLessThanOrEqual(AT_ONCE + Math.ceil(PER_SECOND * seconds))
})

test('are not few where it closes behind good answers', async () => {
  const { sent } = await copies(CLOSING)
  // The first hundred are free, and five hundred a second follow.
  expect(sent).toBeGreaterThan(100)
})
