import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

const LARGE_BYTES = 6 * 1024 * 1024
const CLIENTS = 12
/** Long enough that the socket of a client that does not read is full, and its pieces wait in the proxy. */
const STOP_MS = 150

let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(async (request, respond) => {
    const [framing = '', letter = ''] = request.target.slice(1).split('/')
    const body = Buffer.alloc(LARGE_BYTES, letter)
    if (framing === 'length') return respond.reply(200, {}, body)
    respond.head(200)
    for (let at = 0; at < body.length; at += 100_000) {
      if (!respond.write(body.subarray(at, at + 100_000))) await respond.drained()
    }
    respond.end()
  })
  proxy = await startUnderstudy({ upstreams: { v1: upstream.url }, routes: [{ name: 'r', primary: 'v1' }] })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

/** Its answer is made of one letter, so that a piece of another client's answer shows. */
async function download(client: RawClient, framing: string, letter: string, stops: boolean): Promise<string> {
  client.send(`GET /${framing}/${letter} HTTP/1.1\r\nhost: r\r\n\r\n`)
  const seen = new Set<number>()
  let isStopped = false
  const onBody = (piece: Buffer): void => {
    for (const byte of piece) seen.add(byte)
    if (!stops || isStopped) return
    isStopped = true
    client.pause()
    setTimeout(() => client.resume(), STOP_MS)
  }
  const { bodyBytes } = await client.readResponse({ keepBody: false, onBody, timeoutMs: 30_000 })
  return `${bodyBytes} of ${String.fromCharCode(...seen)}`
}

describe('large answers at once', () => {
  test.each(['length', 'chunked'])('reach each client whole and unmixed, fast or slow (%s)', async framing => {
    const letters = Array.from({ length: CLIENTS }, (_, i) => String.fromCharCode(97 + i))
    const clients = await Promise.all(letters.map(() => connectRaw(proxy.port)))
    for (let round = 0; round < 2; round++) {
      const downloads = clients.map((client, i) => download(client, framing, letters[i] as string, i % 2 === 0))
      expect(await Promise.all(downloads)).toEqual(letters.map(letter => `${LARGE_BYTES} of ${letter}`))
    }
    for (const client of clients) client.destroy()
  })

  test('that clients leave in the middle do not spoil those of others', async () => {
    const stayers = await Promise.all(Array.from({ length: CLIENTS }, () => connectRaw(proxy.port)))
    const downloads = stayers.map((client, i) => download(client, 'length', String.fromCharCode(97 + i), i % 2 === 0))
    const leavers = await Promise.all(Array.from({ length: CLIENTS }, () => connectRaw(proxy.port)))
    for (const client of leavers) client.send('GET /length/Z HTTP/1.1\r\nhost: r\r\n\r\n')
    await sleep(STOP_MS / 2)
    for (const client of leavers) client.destroy()
    const whole = stayers.map((_, i) => `${LARGE_BYTES} of ${String.fromCharCode(97 + i)}`)
    expect(await Promise.all(downloads)).toEqual(whole)
    for (const client of stayers) client.destroy()
  })
})
