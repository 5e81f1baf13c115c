import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectRaw } from './raw-client.ts'
import { readRssBytes, watchRss } from './process-use.ts'
import type { UpstreamRequest } from './upstream-request.ts'
import type { Respond } from './upstream-respond.ts'
import type { UpstreamServer } from './upstream-server.ts'
import { eventually } from './within.ts'

const PIECE = Buffer.alloc(1024 * 1024, 0x61)
const TIMEOUT_MS = 120_000

export interface Passed {
  readonly bytes: number
  readonly sha256: string
  /** What its sender had got rid of, and the receiver not got, when the receiver had not read for a while. */
  readonly sentAtStop: number
}

/** Bodies larger than all buffers between the two ends: one piece again and again, so they cost the test no memory. */
export class LargeBodies {
  readonly bytes: number
  readonly sha256: string
  readonly #proxyPort: number
  readonly #upstream: UpstreamServer

  /** `bytes` must be whole MiB. */
  constructor(proxyPort: number, upstream: UpstreamServer, bytes: number) {
    this.#proxyPort = proxyPort
    this.#upstream = upstream
    this.bytes = bytes
    const hash = createHash('sha256')
    for (let at = 0; at < bytes; at += PIECE.length) hash.update(PIECE)
    this.sha256 = hash.digest('hex')
  }

  /** A whole answer through the proxy; the client does not read for `stopMs` after its first bytes. */
  async download(stopMs = 0): Promise<Passed> {
    const answered = Promise.withResolvers<Respond>()
    this.#upstream.handle(async (_request, respond) => {
      answered.resolve(respond)
      respond.head(200, { 'content-length': String(this.bytes) })
      for (let at = 0; at < this.bytes; at += PIECE.length) {
        if (!respond.write(PIECE)) await respond.drained()
      }
      respond.end()
    })
    const client = await connectRaw(this.#proxyPort)
    const hash = createHash('sha256')
    client.send('GET /down HTTP/1.1\r\nhost: r\r\n\r\n')
    const onBody = (piece: Buffer): void => void hash.update(piece)
    const response = client.readResponse({ keepBody: false, onBody, timeoutMs: TIMEOUT_MS })
    let sentAtStop = 0
    if (stopMs > 0) {
      await eventually(() => client.receivedBytes > 0)
      client.pause()
      await sleep(stopMs)
      // On a busy machine much is read before the pause begins.
      sentAtStop = (await answered.promise).writtenBytes - client.receivedBytes
      client.resume()
    }
    const { bodyBytes } = await response
    client.destroy()
    return { bytes: bodyBytes, sha256: hash.digest('hex'), sentAtStop }
  }

  /** A whole upload through the proxy; the model server does not read for `stopMs` after its head. */
  async upload(stopMs = 0): Promise<Passed> {
    const arrived = Promise.withResolvers<UpstreamRequest>()
    this.#upstream.handle(async (request, respond) => {
      if (stopMs > 0) request.pauseBody()
      arrived.resolve(request)
      await request.body
      respond.reply(200)
    })
    const client = await connectRaw(this.#proxyPort)
    client.send(`POST /up HTTP/1.1\r\nhost: r\r\ncontent-length: ${this.bytes}\r\n\r\n`)
    for (let at = 0; at < this.bytes; at += PIECE.length) client.send(PIECE)
    const request = await arrived.promise
    let sentAtStop = 0
    if (stopMs > 0) {
      await sleep(stopMs)
      sentAtStop = this.bytes - client.unsentBytes
      request.resumeBody()
    }
    const { status } = await client.readResponse({ timeoutMs: TIMEOUT_MS })
    if (status !== 200) throw new Error(`the upload was answered ${status}`)
    const { bytes, sha256 } = await request.body
    client.destroy()
    return { bytes, sha256, sentAtStop }
  }
}

/** By how much the peak memory of a process exceeds what it has now, while `work` runs. */
export async function growthDuring<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ growthBytes: number; result: T }> {
  const before = readRssBytes(pid)
  const watch = watchRss(pid, 10)
  const result = await work()
  return { growthBytes: watch.stop().peakBytes - before, result }
}
