import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { headerTokens, headerValues, type Header } from './http1-message.ts'

/** `{name: value}`, or pairs where a name repeats or the order matters. Sent as they are. */
export type HeaderInput = Readonly<Record<string, string>> | readonly Header[]

/** One write of `endless`. */
const ENDLESS_PIECE_BYTES = 64 * 1024

/**
 * The answer to one request. `reply` or `head`…`write`…`end` frame it properly; `raw` sends any bytes; `reset`, `close`
 * and `hang` break it off. The connection takes its next request after `reply` or `end`.
 * On a connection that is already gone everything is a no-op: clients that leave are what these servers are for.
 */
export class Respond {
  /** Resolves when the answer is over, however. */
  readonly done: Promise<void>
  isDone = false
  /** The server itself closed or reset the connection. */
  brokeOff = false
  /** Bytes written for this answer, head and framing included. */
  writtenBytes = 0
  readonly #socket: Socket
  readonly #method: string
  readonly #finish: () => void
  #last: boolean
  #framing: 'raw' | 'chunked' | 'plain' = 'raw'
  #bodiless = false

  /** `last`: the client asked to close the connection after this answer. */
  constructor(socket: Socket, method: string, last: boolean) {
    this.#socket = socket
    this.#method = method
    this.#last = last
    const done = Promise.withResolvers<void>()
    this.done = done.promise
    this.#finish = () => {
      this.isDone = true
      done.resolve()
    }
  }

  /** Whether the connection can take another request after this answer. */
  get reusable(): boolean {
    return this.isDone && !this.#last && !this.#socket.destroyed
  }

  /** A whole answer in one write, with content-length unless the headers frame it themselves. */
  reply(status: number, headers: HeaderInput = {}, body: string | Uint8Array = ''): void {
    const bytes = Buffer.from(body)
    const fields = headerList(headers)
    const framed = isFramed(fields)
    if (!framed && allowsBody(status)) fields.push(['content-length', String(bytes.length)])
    this.#last ||= headerTokens(fields, 'connection').includes('close')
    const bodiless = this.#method === 'HEAD' || !allowsBody(status)
    this.#send(Buffer.concat([headOf(status, fields), bodiless ? Buffer.alloc(0) : framedBody(fields, bytes)]))
    this.#finish()
  }

  /** The head alone. Chunked unless the headers say content-length, transfer-encoding or `connection: close`. */
  head(status: number, headers: HeaderInput = {}): void {
    const fields = headerList(headers)
    const closes = headerTokens(fields, 'connection').includes('close')
    this.#bodiless = this.#method === 'HEAD' || !allowsBody(status)
    if (!isFramed(fields) && !closes && allowsBody(status)) fields.push(['transfer-encoding', 'chunked'])
    this.#framing = headerTokens(fields, 'transfer-encoding').includes('chunked') ? 'chunked' : 'plain'
    this.#last ||= closes
    this.#send(headOf(status, fields))
  }

  /** A 1xx before the answer. */
  informational(status: number, headers: HeaderInput = {}): void {
    this.#send(headOf(status, headerList(headers)))
  }

  /** A piece of body, as a chunk when the head said so. false: the client does not keep up, see `drained`. */
  write(piece: string | Uint8Array): boolean {
    const bytes = Buffer.from(piece)
    if (this.#bodiless || bytes.length === 0) return true
    return this.#send(this.#framing === 'chunked' ? chunkOf(bytes) : bytes)
  }

  /** Resolves when the client took what was written, or is gone. */
  async drained(): Promise<void> {
    const socket = this.#socket
    if (!socket.writableNeedDrain || socket.destroyed) return
    await new Promise<void>(resolve => {
      const settle = (): void => {
        socket.off('drain', settle)
        socket.off('close', settle)
        resolve()
      }
      socket.on('drain', settle)
      socket.on('close', settle)
    })
  }

  /** Ends the answer: last chunk and trailers when chunked, FIN when only a close can end it. */
  end(trailers: HeaderInput = []): void {
    if (this.#framing === 'chunked' && !this.#bodiless) {
      this.#send(Buffer.from(`0\r\n${fieldLines(headerList(trailers))}\r\n`, 'latin1'))
    }
    this.#finish()
  }

  /** Any bytes, unframed; call `end` when the connection shall take another request. A string is latin1. */
  raw(bytes: string | Uint8Array): boolean {
    return this.#send(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes))
  }

  /** Writes a body slowly, `bytesPerTick` every `everyMs`. Resolves when it is written or the client is gone. */
  async trickle(body: string | Uint8Array, bytesPerTick: number, everyMs: number): Promise<void> {
    const bytes = Buffer.from(body)
    for (let at = 0; at < bytes.length && !this.#socket.destroyed; at += bytesPerTick) {
      if (at > 0) await sleep(everyMs)
      this.write(bytes.subarray(at, at + bytesPerTick))
    }
  }

  /** Writes until the client is gone, as fast as it reads. Resolves to the bytes written. */
  async endless(piece: Uint8Array = Buffer.alloc(ENDLESS_PIECE_BYTES, 0x61)): Promise<number> {
    let bytes = 0
    while (!this.#socket.destroyed) {
      bytes += piece.length
      if (!this.write(piece)) await this.drained()
      else await new Promise(setImmediate)
    }
    return bytes
  }

  /** RST, as a crashed process sends it. Under TLS a close without close_notify. */
  reset(): void {
    this.brokeOff = true
    if ('encrypted' in this.#socket) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
    this.#finish()
  }

  /** FIN after what was written, however incomplete. */
  close(): void {
    this.brokeOff = true
    this.#last = true
    this.#socket.destroySoon()
    this.#finish()
  }

  /** Never answers. The same as not answering, said aloud. */
  hang(): void {}

  #send(bytes: Buffer): boolean {
    if (!this.#socket.writable) return true
    this.writtenBytes += bytes.length
    return this.#socket.write(bytes)
  }
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n')

function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

function framedBody(headers: readonly Header[], body: Buffer): Buffer {
  if (!headerTokens(headers, 'transfer-encoding').includes('chunked')) return body
  return body.length === 0 ? LAST_CHUNK : Buffer.concat([chunkOf(body), LAST_CHUNK])
}

function headerList(headers: HeaderInput): Header[] {
  return Array.isArray(headers) ? [...(headers as readonly Header[])] : Object.entries(headers)
}

function fieldLines(headers: readonly Header[]): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
}

function headOf(status: number, headers: readonly Header[]): Buffer {
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${fieldLines(headers)}\r\n`, 'latin1')
}

function isFramed(headers: readonly Header[]): boolean {
  return headerValues(headers, 'content-length').length > 0 || headerValues(headers, 'transfer-encoding').length > 0
}

function allowsBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304
}
