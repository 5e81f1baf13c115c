import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { startFaultProxy, type Fault, type FaultProxy } from '../../support/fault-proxy.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { startUpstream, type UpstreamHandler, type UpstreamServer } from '../../support/upstream-server.ts'
import { eventually } from '../../support/within.ts'

let upstream: UpstreamServer | undefined
let proxy: FaultProxy | undefined

async function start(
  fault?: Fault,
  handler: UpstreamHandler = (_, respond) => respond.reply(200, {}, 'x'.repeat(1000)),
): Promise<{ proxy: FaultProxy; upstream: UpstreamServer }> {
  upstream = await startUpstream(handler)
  proxy = await startFaultProxy(upstream.port, fault)
  return { proxy, upstream }
}

afterEach(async () => {
  await proxy?.stop()
  await upstream?.stop()
  proxy = upstream = undefined
})

const GET = 'GET / HTTP/1.1\r\n\r\n'

describe('the fault proxy', () => {
  test('passes bytes and closes on, and counts them', async () => {
    const { proxy, upstream } = await start()
    const client = await connectRaw(proxy.port)
    client.send(GET)
    const response = await client.readResponse()
    expect(response.bodyBytes).toBe(1000)
    expect(proxy.counters).toEqual({
      accepted: 1,
      broken: 0,
      toUpstreamBytes: GET.length,
      toClientBytes: response.raw.length,
      swallowedBytes: 0,
    })
    expect(proxy.open).toBe(1)
    client.destroy()
    await eventually(() => proxy.open === 0 && upstream.connections.open === 0)
  })

  test('passes a close of the upstream on behind its bytes', async () => {
    const { proxy } = await start({ kind: 'delay', ms: 40 }, (_, respond) => {
      respond.head(200, { connection: 'close' })
      respond.write('last words')
      respond.end()
    })
    const client = await connectRaw(proxy.port)
    client.send(GET)
    expect(await client.readResponse()).toMatchObject({ ended: 'complete', bodyBytes: 10 })
    expect(await client.closed).toBe('fin')
  })

  test('passes an RST on', async () => {
    const { proxy } = await start({ kind: 'pass' }, (_, respond) => respond.reset())
    const client = await connectRaw(proxy.port)
    client.send(GET)
    expect(await client.closed).toBe('reset')
  })

  test('carries much without holding much', async () => {
    const body = Buffer.alloc(64 * 1024 * 1024)
    const { proxy } = await start({ kind: 'pass' }, (_, respond) => respond.reply(200, {}, body))
    const client = await connectRaw(proxy.port)
    client.pause()
    client.send(GET)
    await sleep(100)
    expect(proxy.counters.toClientBytes).toBeLessThan(body.length / 2)
    client.resume()
    expect((await client.readResponse({ keepBody: false, timeoutMs: 8000 })).bodyBytes).toBe(body.length)
    client.destroy()
  })

  test('delays each direction without slowing the flow', async () => {
    const { proxy } = await start({ kind: 'delay', ms: 60 })
    const client = await connectRaw(proxy.port)
    const startMs = performance.now()
    client.send(GET)
    await client.readResponse()
    const tookMs = performance.now() - startMs
    expect(tookMs).toBeGreaterThan(115)
    expect(tookMs).toBeLessThan(1000)
    client.destroy()
  })

  test('trickles towards the client', async () => {
    const { proxy } = await start({ kind: 'trickle', bytes: 300, everyMs: 30 })
    const client = await connectRaw(proxy.port)
    client.send(GET)
    await client.readBytes(1)
    expect(client.receivedBytes).toBe(300)
    await eventually(() => client.receivedBytes > 1000)
    client.destroy()
  })

  test.each([
    ['cut', 'closed-early', 'fin'],
    ['reset', 'reset', 'reset'],
  ] as const)('%ss after so many bytes, which still pass', async (kind, ended, closed) => {
    const { proxy, upstream } = await start({ kind, afterBytes: 200 })
    const client = await connectRaw(proxy.port)
    client.send(GET)
    // An RST may overtake bytes that the client's kernel has not handed out yet; a FIN never does.
    if (kind === 'cut') expect(await client.readResponse()).toMatchObject({ ended })
    expect(await client.closed).toBe(closed)
    if (kind === 'cut') expect(client.receivedBytes).toBe(200)
    expect(proxy.counters).toMatchObject({ toClientBytes: 200, broken: 1 })
    await eventually(() => upstream.connections.open === 0)
  })

  test('lets a connection go half-open: neither bytes nor closes get through', async () => {
    const { proxy, upstream } = await start({ kind: 'half-open', afterBytes: 100 })
    const client = await connectRaw(proxy.port)
    client.send(GET)
    expect((await client.readBytes(100)).length).toBe(100)
    client.send(GET)
    await expect(client.readBytes(1, 60)).rejects.toThrow('only 0 of 1 bytes')
    expect(upstream.requestCount).toBe(1)
    upstream.resetAll()
    await expect(client.readUntilClose(60)).rejects.toThrow('the connection was not closed')
    client.destroy()
    await eventually(() => proxy.open === 0)
  })

  test('as a black hole accepts and never answers, nor calls the upstream', async () => {
    const { proxy, upstream } = await start({ kind: 'black-hole' })
    const client = await connectRaw(proxy.port)
    client.send(GET)
    await expect(client.readBytes(1, 60)).rejects.toThrow('only 0 of 1 bytes')
    expect(proxy.counters).toMatchObject({ accepted: 1, swallowedBytes: GET.length, toUpstreamBytes: 0 })
    expect(upstream.connections.opened).toBe(0)
    client.halfClose()
    await eventually(() => proxy.open === 0)
  })

  test('switches on open connections, and counts bytes from there', async () => {
    const { proxy } = await start()
    const client = await connectRaw(proxy.port)
    client.send(GET)
    await client.readResponse()
    await proxy.set({ kind: 'black-hole' })
    client.send(GET)
    await expect(client.readBytes(1, 60)).rejects.toThrow('only 0 of 1 bytes')
    await proxy.set({ kind: 'cut', afterBytes: 10 })
    client.send(GET)
    expect((await client.readUntilClose()).bytes.toString()).toBe('HTTP/1.1 2')
  })

  test('refuses and comes back on the same port', async () => {
    const { proxy } = await start()
    const client = await connectRaw(proxy.port)
    await proxy.set({ kind: 'refuse' })
    expect(await client.closed).toBe('reset')
    await expect(connectRaw(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await proxy.set({ kind: 'pass' })
    const again = await connectRaw(proxy.port)
    again.send(GET)
    expect((await again.readResponse()).status).toBe(200)
    again.destroy()
  })

  test('resets clients of an upstream that is not there', async () => {
    const { proxy, upstream } = await start()
    await upstream.stop()
    const client = await connectRaw(proxy.port)
    expect(await client.closed).toBe('reset')
  })
})
