import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ExperimentView } from '../../src/control/admin/experiment-view.ts'
import { getJson } from '../support/http-json.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startIsOver } from '../support/start-is-over.ts'
import { stateDir } from '../support/state-dir.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { closeOf, nextMessage, openWebSocket, startWsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

let primary: UpstreamServer
let shadow: UpstreamServer

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  shadow = await startUpstream((_request, respond) => respond.reply(200, {}, Buffer.alloc(1_000)))
})
afterAll(async () => {
  await Promise.all([primary.stop(), shadow.stop()])
})

const config = (ceilings: Readonly<Record<string, unknown>>, dir: string | null = null) => ({
  listen: { address: '127.0.0.1:0', threads: 2 },
  state: { dir },
  upstreams: { live: primary.url, copy: shadow.url },
  routes: [
    { name: 'r', match: { prefix: '/' }, primary: 'live', shadows: [{ upstream: 'copy', percent: 100, ceilings }] },
  ],
})

async function start(ceilings: Readonly<Record<string, unknown>>, dir: string | null = null) {
  const proxy = await startUnderstudy(config(ceilings, dir))
  onTestFinished(() => proxy.kill())
  return proxy
}

/** One after the other on connections that are spread over both threads; every client gets its answer. */
async function sendAll(proxy: RunningUnderstudy, requests: number, connections = 8): Promise<void> {
  const clients = await Promise.all(Array.from({ length: connections }, () => connectRaw(proxy.port)))
  for (let i = 0; i < requests; i++) {
    const client = clients[i % connections] as Awaited<ReturnType<typeof connectRaw>>
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789')
    expect((await client.readResponse()).status).toBe(200)
  }
  for (const client of clients) client.destroy()
}

/** Once all of `sampled` are settled. */
async function copies(proxy: RunningUnderstudy, sampled: number) {
  return await eventually(async () => {
    const metrics = await proxy.readMetrics()
    const of = (name: string, labels: Record<string, string> = {}): number =>
      metrics.sum(`understudy_${name}`, { route: 'r', ...labels })
    if (of('sampled_total') !== sampled || of('pairs_total') !== of('shadow_sent_total')) return undefined
    return {
      sent: of('shadow_sent_total'),
      rate: of('shadow_dropped_total', { reason: 'rate_ceiling' }),
      daily: of('shadow_dropped_total', { reason: 'daily_ceiling' }),
      errors: of('errors_total'),
    }
  })
}

describe('E13: a shadow gets no more than its ceilings', () => {
  test('copies of a day: exactly as many, over all threads; clients notice nothing, the log says it once', async () => {
    const before = shadow.requestCount
    const proxy = await start({ per_day: 25 })
    await sendAll(proxy, 60)
    expect(await copies(proxy, 60)).toEqual({ sent: 25, rate: 0, daily: 35, errors: 0 })
    expect(shadow.requestCount - before).toBe(25)
    const lines = proxy.log.filter(({ msg }) => msg.includes('copies of this day'))
    expect(lines.length).toBeGreaterThanOrEqual(1)
    expect(lines.length).toBeLessThanOrEqual(2)
    expect(lines[0]).toMatchObject({ level: 'warn', route: 'r', shadow: 'copy' })
  })

  test('copies of a second: the rest is dropped with a reason, which the experiment names', async () => {
    const proxy = await start({ per_second: 5 })
    const startedMs = performance.now()
    await sendAll(proxy, 200)
    const seconds = (performance.now() - startedMs) / 1_000
    const { sent, rate, daily } = await copies(proxy, 200)
    // One, and what a tenth of a second lets go at once.
    expect(sent).toBeLessThanOrEqual(1 + 5 * (seconds + 0.1))
    expect(sent).toBeGreaterThanOrEqual(1)
    expect([sent + rate, daily]).toEqual([200, 0])
    await eventually(async () => {
      const { counts } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.copy`)) as ExperimentView
      return counts.dropped.rate_ceiling === rate ? true : undefined
    })
  })

  test('bytes of a day: of requests and answers', async () => {
    const proxy = await start({ bytes_per_day: 2_000 })
    for (let i = 1; i <= 4; i++) {
      await sendAll(proxy, 1, 1)
      await copies(proxy, i)
    }
    // 10 bytes go and 1 000 come: after two copies 2 020 are spent.
    expect(await copies(proxy, 4)).toEqual({ sent: 2, rate: 0, daily: 2, errors: 0 })
  })

  test('a WebSocket session is a copy', async () => {
    const [live, copy] = await Promise.all([startWsUpstream(), startWsUpstream()])
    const shadow = { upstream: 'copy', percent: 100, websockets: true, timeout: '1s', ceilings: { per_day: 1 } }
    const proxy = await startUnderstudy({
      upstreams: { live: live.url, copy: copy.url },
      routes: [{ name: 'r', primary: 'live', shadows: [shadow] }],
    })
    onTestFinished(async () => {
      await proxy.kill()
      await Promise.all([live.stop(), copy.stop()])
    })
    for (let i = 0; i < 2; i++) {
      const client = await openWebSocket(proxy.url)
      client.send('hello')
      expect((await nextMessage(client)).data.toString()).toBe('hello')
      client.close()
      await closeOf(client)
    }
    expect(await copies(proxy, 2)).toEqual({ sent: 1, rate: 0, daily: 1, errors: 0 })
  })

  test('neither a reload nor a restart begins the day anew', async () => {
    const dir = stateDir()
    const first = await start({ per_day: 10 }, dir)
    await sendAll(first, 4)
    await first.reload(config({ per_day: 12 }, dir))
    await sendAll(first, 4)
    expect((await copies(first, 8)).sent).toBe(8)
    await first.stop()
    const second = await start({ per_day: 12 }, dir)
    await sendAll(second, 8)
    expect(await copies(second, 8)).toEqual({ sent: 4, rate: 0, daily: 4, errors: 0 })
    await second.stop()
  })
})

test('E5: of more copies than may be under way the newest are dropped, with a reason, until there is room', async () => {
  const held: Respond[] = []
  const hanging = await startUpstream((_request, respond) => void held.push(respond))
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { live: primary.url, copy: hanging.url },
    routes: [{ name: 'r', primary: 'live', shadows: [{ upstream: 'copy', percent: 100, max_in_flight: 3 }] }],
  })
  onTestFinished(async () => {
    await proxy.kill()
    await hanging.stop()
  })
  await startIsOver()
  const client = await connectRaw(proxy.port)
  const send = async (id: string): Promise<void> => {
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nX-Request-Id: ${id}\r\nContent-Length: 2\r\n\r\n{}`)
    expect((await client.readResponse()).status).toBe(200)
  }
  const count = async (name: string, labels = {}): Promise<number> =>
    (await proxy.readMetrics()).sum(`understudy_${name}`, labels)
  const ids = Array.from({ length: 10 }, (_, i) => `copied-${i}`)
  for (const id of ids) await send(id)
  await eventually(async () => (await count('shadow_dropped_total', { reason: 'in_flight' })) === 7)
  expect([await count('shadow_sent_total'), await count('shadow_dropped_total')]).toEqual([3, 7])
  expect(hanging.requests.map(each => each.header('x-request-id'))).toEqual(ids.slice(0, 3))
  for (const respond of held) respond.reply(200)
  await eventually(async () => (await count('shadow_in_flight')) === 0)
  await send('copied-later')
  await eventually(() => hanging.requests[3]?.header('x-request-id') === 'copied-later')
  client.destroy()
})

test.each([
  [{ per_second: 0 }, 'per_second', 'must be at least 0.001'],
  [{ per_day: 1.5 }, 'per_day', 'whole number'],
  [{ bytes_per_day: '5GB' }, 'bytes_per_day', 'is not a size'],
  [{ per_hour: 5 }, 'per_hour', 'unknown key'],
])('a ceiling that makes no sense is refused with its place: %j', async (ceilings, key, what) => {
  const failure = await startUnderstudy(config(ceilings)).then(
    () => 'started',
    (error: Error) => error.message,
  )
  expect(failure).toContain(`ceilings.${key}`)
  expect(failure).toContain(what)
})
