import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { connectRaw, type RawClient, type RawClientOptions } from '../../support/raw-client.ts'
import { selfSigned } from '../../support/self-signed.ts'
import { startUpstream } from '../../support/upstream-server.ts'
import { eventually, TimeoutError } from '../../support/within.ts'

let server: Server | undefined
const sockets: Socket[] = []

/** A client and the server's end of its connection. */
async function pair(options: RawClientOptions = {}): Promise<{ client: RawClient; peer: Socket }> {
  server = createServer({ allowHalfOpen: true }, socket => {
    sockets.push(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const client = await connectRaw((server.address() as AddressInfo).port, options)
  const [peer] = (await accepted) as [Socket]
  return { client, peer }
}

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server?.close()
})

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

describe('a raw client', () => {
  test('sends exactly the bytes it is given', async () => {
    const { client, peer } = await pair()
    client.send('GET / HTTP/1.1\r\nx: \xe9\0\n')
    client.send(Buffer.from([0xff]))
    const received: Buffer[] = []
    peer.on('data', (bytes: Buffer) => received.push(bytes))
    await eventually(() => Buffer.concat(received).toString('latin1') === 'GET / HTTP/1.1\r\nx: \xe9\0\n\xff')
    expect(client.unsentBytes).toBe(0)
  })

  test('reads pipelined answers one after the other', async () => {
    const { client, peer } = await pair()
    peer.write(`${OK}HTTP/1.1 204 No Content\r\n\r\n${OK.replace('ok', 'OK')}`)
    expect((await client.readResponse()).body.toString()).toBe('ok')
    expect((await client.readResponse()).status).toBe(204)
    expect((await client.readResponse()).body.toString()).toBe('OK')
    expect(client.unreadBytes).toBe(0)
  })

  test('says when no answer came in time, and still gets it later', async () => {
    const { client, peer } = await pair()
    peer.write(OK.slice(0, 20))
    await expect(client.readResponse({ timeoutMs: 30 })).rejects.toBeInstanceOf(TimeoutError)
    peer.write(OK.slice(20))
    expect((await client.readResponse()).body.toString()).toBe('ok')
  })

  test('reads bytes unparsed, in the number asked for', async () => {
    const { client, peer } = await pair()
    peer.write('abc')
    expect((await client.readBytes(2)).toString()).toBe('ab')
    await expect(client.readBytes(2, 30)).rejects.toThrow('only 1 of 2 bytes came within 30 ms')
    peer.write('d')
    expect((await client.readBytes(2)).toString()).toBe('cd')
  })

  test('tells a FIN from an RST', async () => {
    const first = await pair()
    first.peer.end('bye')
    expect(await first.client.readUntilClose()).toEqual({ bytes: Buffer.from('bye'), closed: 'fin' })
    const second = await pair()
    second.peer.resetAndDestroy()
    expect(await second.client.closed).toBe('reset')
    await expect(second.client.readResponse()).rejects.toMatchObject({ state: 'reset' })
  })

  test('half-closes: the peer sees the end and can still answer', async () => {
    const { client, peer } = await pair()
    peer.resume()
    const ended = once(peer, 'end')
    client.halfClose()
    await ended
    peer.end(OK)
    expect((await client.readResponse()).status).toBe(200)
  })

  test('goes on sending after the peer ended, when it may', async () => {
    const { client, peer } = await pair({ allowHalfOpen: true })
    const received: Buffer[] = []
    peer.on('data', (bytes: Buffer) => received.push(bytes))
    peer.end()
    expect(await client.closed).toBe('fin')
    client.send('more')
    await client.flushed()
    await eventually(() => Buffer.concat(received).toString() === 'more')
    client.destroy()
  })

  test('resets: the peer gets an RST', async () => {
    const { client, peer } = await pair()
    peer.resume()
    const failed = new Promise<NodeJS.ErrnoException>(resolve => peer.once('error', resolve))
    client.reset()
    expect((await failed).code).toBe('ECONNRESET')
  })

  test('that is paused stops the peer, and takes all of it afterwards', async () => {
    const { client, peer } = await pair()
    client.pause()
    const total = 64 * 1024 * 1024
    peer.write(Buffer.alloc(total))
    await sleep(100)
    expect(peer.writableLength).toBeGreaterThan(0)
    const arrived = client.receivedBytes
    expect(arrived).toBeLessThan(total / 2)
    client.resume()
    await eventually(() => client.receivedBytes === total)
    client.destroy()
  })

  test('rejects when nobody listens', async () => {
    const { peer } = await pair()
    const port = peer.localPort as number
    server?.close()
    await expect(connectRaw(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('speaks TLS, and does not when the certificate is not trusted', async () => {
    const { cert, key } = selfSigned(['model.test'])
    const upstream = await startUpstream((_, respond) => respond.reply(200, {}, 'secret'), { tls: { cert, key } })
    const client = await connectRaw(upstream.port, { tls: { ca: cert, servername: 'model.test' } })
    client.send('GET / HTTP/1.1\r\nhost: model.test\r\n\r\n')
    expect((await client.readResponse()).body.toString()).toBe('secret')
    await expect(connectRaw(upstream.port, { tls: {} })).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    await expect(connectRaw(upstream.port, { tls: { ca: cert, servername: 'other.test' } })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    client.destroy()
    await upstream.stop()
  })

  test('sees that a certificate has expired', async () => {
    const { cert, key } = selfSigned(['model.test'], -1)
    const upstream = await startUpstream((_, respond) => respond.reply(200), { tls: { cert, key } })
    const connecting = connectRaw(upstream.port, { tls: { ca: cert } })
    await expect(connecting).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' })
    await upstream.stop()
  })
})
