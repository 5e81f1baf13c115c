import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settledCounts } from '../support/pair-file.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { closeOf, nextMessage, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

const PERIOD_MS = 1000

let primary: WsUpstream
/** Answers like the primary, but only every other message, or late, or what is told. */
let shadow: WsUpstream
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startWsUpstream({ echo: false })
  shadow = await startWsUpstream({ echo: false })
  primary.server.on('connection', (socket, { url = '' }) => {
    socket.on('message', data => {
      socket.send(data as Buffer, { binary: false })
      if (url === '/server-closes') socket.close(4000, 'all said')
      if (url === '/breaks') socket.terminate()
    })
  })
  shadow.server.on('connection', (socket, { url = '' }) => {
    let received = 0
    socket.on('message', data => {
      received++
      const say = (): void => socket.send(data as Buffer, { binary: false })
      if (url === '/behind' && received > 2) return
      if (url === '/slow') setTimeout(say, 250)
      else say()
      if (url === '/server-closes') socket.close(4000, 'all said')
    })
  })
  const shadows = [{ upstream: 'shadow', percent: 100, websockets: true, timeout: `${PERIOD_MS}ms` }]
  const names = ['goes-on', 'behind', 'slow', 'server-closes', 'idle', 'gone', 'short', 'breaks']
  proxy = await startUnderstudy({
    upstreams: { primary: primary.url, shadow: shadow.url, patient: shadow.url },
    routes: [
      ...names.map(name => ({ name, match: { path: `/${name}` }, primary: 'primary', shadows })),
      {
        name: 'two',
        match: { path: '/two' },
        primary: 'primary',
        shadows: [...shadows, { ...shadows[0], upstream: 'patient', timeout: `${2 * PERIOD_MS}ms` }],
      },
    ],
    record: { bodies: 'always', redact: [] },
  })
})

afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

async function ask(client: Awaited<ReturnType<typeof openWebSocket>>, text: string): Promise<void> {
  client.send(text)
  expect((await nextMessage(client)).data.toString()).toBe(text)
}

interface BodiesRecord {
  readonly route: string
  readonly comparison: { readonly result: string; readonly differences: readonly unknown[] }
  readonly bodies: Readonly<Record<string, unknown>>
}

async function recordsOf(route: string): Promise<BodiesRecord[]> {
  return await eventually(() => {
    const lines = readFileSync(join(proxy.directory, 'understudy-pairs.ndjson'), 'utf8').trimEnd().split('\n')
    const records = lines.map(line => JSON.parse(line) as BodiesRecord).filter(each => each.route === route)
    const pairs = records.filter(({ bodies }) => bodies)
    return pairs.length > 0 ? pairs : undefined
  })
}

async function recordOf(route: string): Promise<BodiesRecord> {
  return (await recordsOf(route))[0] as BodiesRecord
}

describe('D7: a session is compared for at most the timeout of its shadow', () => {
  test('its second is sealed while it goes on, and what both have said until then agrees', async () => {
    const client = await openWebSocket(`${proxy.url}/goes-on`)
    const startMs = performance.now()
    await ask(client, '{"n":1}')
    await ask(client, '{"n":2}')
    const counts = await settledCounts(proxy, 'goes-on.shadow', 1)
    const tookMs = performance.now() - startMs
    expect(counts.outcomes.agree).toBe(1)
    expect(tookMs).toBeGreaterThan(PERIOD_MS - 50)
    // The shadow has nobody left, the client notices nothing.
    await eventually(() => shadow.clients.size === 0)
    await ask(client, '{"n":3}')
    expect((await recordOf('goes-on')).bodies).toMatchObject({
      primary: [{ n: 1 }, { n: 2 }],
      shadow: [{ n: 1 }, { n: 2 }],
    })
    client.close()
    await closeOf(client)
  })

  test('the copy of one that goes on is told that it ends, in a close frame', async () => {
    const opened = shadow.next()
    const client = await openWebSocket(`${proxy.url}/goes-on`)
    const { socket } = await opened
    expect((await closeOf(socket, 5 * PERIOD_MS)).code).toBe(1001)
    client.terminate()
  })

  test('where the period cuts it, only what both have said is compared', async () => {
    const client = await openWebSocket(`${proxy.url}/behind`)
    for (const n of [1, 2, 3, 4]) await ask(client, `{"n":${n}}`)
    const counts = await settledCounts(proxy, 'behind.shadow', 1)
    expect(counts.outcomes.agree).toBe(1)
    expect((await recordOf('behind')).bodies).toMatchObject({
      primary: [{ n: 1 }, { n: 2 }],
      shadow: [{ n: 1 }, { n: 2 }],
    })
    client.terminate()
  })
})

describe('D7: a session that ends within the period', () => {
  test('gives a slower shadow the time to say what the primary has said, and the close frame of the client then', async () => {
    const opened = shadow.next()
    const client = await openWebSocket(`${proxy.url}/slow`)
    const { socket } = await opened
    const closed = closeOf(socket)
    await ask(client, '"a"')
    await ask(client, '"b"')
    client.close(4002, 'thanks')
    await closeOf(client)
    expect(await closed).toEqual({ code: 4002, reason: 'thanks' })
    expect((await settledCounts(proxy, 'slow.shadow', 1)).outcomes.agree).toBe(1)
    expect((await recordOf('slow')).bodies).toMatchObject({ primary: ['a', 'b'], shadow: ['a', 'b'] })
  })

  test('disagrees where the shadow never says all that the primary has said', async () => {
    const client = await openWebSocket(`${proxy.url}/behind`)
    for (const n of [1, 2, 3]) await ask(client, `{"n":${n}}`)
    client.close()
    await closeOf(client)
    const counts = await settledCounts(proxy, 'behind.shadow', 2)
    expect(counts.outcomes).toMatchObject({ agree: 1, disagree: 1 })
  })

  test('agrees where both servers end it by themselves', async () => {
    const client = await openWebSocket(`${proxy.url}/server-closes`)
    const closed = closeOf(client)
    client.send('bye')
    expect((await closed).code).toBe(4000)
    expect((await settledCounts(proxy, 'server-closes.shadow', 1)).outcomes.agree).toBe(1)
  })

  test('is an error of the primary where it breaks off', async () => {
    const client = await openWebSocket(`${proxy.url}/breaks`)
    const closed = closeOf(client)
    client.send('hello')
    expect((await closed).code).toBe(1006)
    expect((await settledCounts(proxy, 'breaks.shadow', 1)).outcomes.primary_error).toBe(1)
  })

  test('has no pair where the client vanishes before the primary has said anything', async () => {
    const client = await openWebSocket(`${proxy.url}/gone`)
    client.terminate()
    const counts = await settledCounts(proxy, 'gone.shadow', 1)
    expect([counts.pairs, counts.unpaired.client_gone]).toEqual([0, 1])
  })

  test('is compared where the client vanishes later', async () => {
    const client = await openWebSocket(`${proxy.url}/gone`)
    await ask(client, 'hello')
    client.terminate()
    const counts = await settledCounts(proxy, 'gone.shadow', 2)
    expect([counts.pairs, counts.outcomes.agree, counts.unpaired.client_gone]).toEqual([1, 1, 1])
  })
})

test('D7: of two shadows each has its own time', async () => {
  const startMs = performance.now()
  const client = await openWebSocket(`${proxy.url}/two`)
  await ask(client, '1')
  await eventually(() => shadow.clients.size === 2)
  await eventually(() => shadow.clients.size === 1, 5 * PERIOD_MS)
  const firstMs = performance.now() - startMs
  await ask(client, '2')
  const [first, second] = await Promise.all(['shadow', 'patient'].map(name => settledCounts(proxy, `two.${name}`, 1)))
  expect(firstMs).toBeGreaterThan(PERIOD_MS - 50)
  expect(performance.now() - startMs).toBeGreaterThan(2 * PERIOD_MS - 50)
  expect([first?.outcomes.agree, second?.outcomes.agree]).toEqual([1, 1])
  const said = (await recordsOf('two')).map(({ bodies }) => bodies['shadow'])
  expect(said).toContainEqual([1])
  expect(said).toContainEqual([1, 2])
  client.terminate()
})

test('D7: a reload ends no comparison that is under way', async () => {
  const arrived = shadow.next()
  const client = await openWebSocket(`${proxy.url}/short`)
  const { socket } = await arrived
  const before = JSON.parse(readFileSync(proxy.configFile, 'utf8')) as Record<string, unknown>
  await proxy.reload({ ...before, log: { level: 'warn' } })
  const heard = once(socket, 'message')
  await ask(client, 'still')
  expect(String((await heard)[0])).toBe('still')
  client.close()
  await closeOf(client)
  expect((await settledCounts(proxy, 'short.shadow', 1)).outcomes.agree).toBe(1)
})
