import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { ByteReader } from './byte-reader.ts'
import { readRawResponse, type RawResponse, type ResponseOptions } from './raw-response.ts'
import { TimeoutError, within } from './within.ts'

export interface RawClientOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Given: TLS, with these options of node:tls. */
  readonly tls?: ConnectionOptions
  /** true: this side may go on writing after the peer's FIN (plain TCP only). Default false: it answers with its own. */
  readonly allowHalfOpen?: boolean
}

/** How the peer left: `fin` in order, `reset` with an RST (or this side destroyed the socket). */
export type Closed = 'fin' | 'reset'

/** Longer than anything but a hang takes on a busy test machine. */
const DEFAULT_TIMEOUT_MS = 5000

/** Opens a connection that sends exactly the bytes it is told to. Rejects when nobody listens. */
export async function connectRaw(port: number, options: RawClientOptions = {}): Promise<RawClient> {
  const { host = '127.0.0.1', allowHalfOpen = false, tls } = options
  const socket = tls ? connectTls({ host, port, ...tls }) : connectTcp({ host, port, allowHalfOpen })
  socket.setNoDelay(true)
  await once(socket, tls ? 'secureConnect' : 'connect')
  return new RawClient(socket)
}

/**
 * A hand-driven HTTP/1.1 client: what is sent is in the test's hand, byte for byte; what comes back is parsed strictly,
 * response by response, so that pipelining, leftovers and early endings are seen and not repaired.
 */
export class RawClient {
  /** Resolves when the peer has closed its side; everything it sent can still be read. */
  readonly closed: Promise<Closed>
  readonly #socket: Socket | TLSSocket
  readonly #reader = new ByteReader()
  #reading: Promise<RawResponse> | null = null

  constructor(socket: Socket | TLSSocket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#reader.push(bytes))
    this.closed = new Promise(resolve => {
      const finish = (how: Closed): void => {
        this.#reader.finish(how === 'fin' ? 'closed' : 'reset')
        resolve(how)
      }
      socket.on('end', () => finish('fin'))
      socket.on('error', () => finish('reset'))
      socket.on('close', () => finish('reset'))
    })
  }

  /** The client's own address as the server sees it. */
  get localPort(): number {
    return this.#socket.localPort ?? 0
  }

  /** Bytes that arrived so far, read or not. */
  get receivedBytes(): number {
    return this.#reader.received
  }

  /** Bytes that arrived and were not read yet. */
  get unreadBytes(): number {
    return this.#reader.size
  }

  /** Bytes handed to `send` that the kernel did not take yet: more than 0 while the peer does not read. */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  /** Sends these bytes (a string is latin1: one character, one byte). false: the peer is not keeping up. */
  send(bytes: Uint8Array | string): boolean {
    return this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Resolves when everything sent so far is in the kernel's hands, or the connection is gone. */
  async flushed(): Promise<void> {
    if (this.#socket.writableLength === 0 || this.#socket.destroyed) return
    await new Promise<void>(resolve => {
      this.#socket.write('', () => resolve()) // called when all before it is written, or with an error
    })
  }

  /**
   * The next final response. Throws WireViolation, EndOfInput when the connection ended before a whole head, or
   * TimeoutError: then the next call goes on waiting for the same response, with the options of the first.
   */
  async readResponse(options: ResponseOptions & { readonly timeoutMs?: number } = {}): Promise<RawResponse> {
    this.#reading ??= readRawResponse(this.#reader, options)
    const reading = this.#reading
    const done = (): void => {
      if (this.#reading === reading) this.#reading = null
    }
    reading.then(done, done)
    return await within(reading, options.timeoutMs ?? DEFAULT_TIMEOUT_MS, 'no whole response came')
  }

  /** Exactly `count` bytes as they came, unparsed. */
  async readBytes(count: number, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Buffer> {
    const deadlineMs = performance.now() + timeoutMs
    while (this.#reader.size < count) {
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) throw new TimeoutError(`only ${this.#reader.size} of ${count} bytes came`, timeoutMs)
      await this.#reader.more(leftMs)
    }
    return this.#reader.take(count)
  }

  /** All bytes until the peer closes, and how it did. */
  async readUntilClose(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<{ bytes: Buffer; closed: Closed }> {
    const closed = await within(this.closed, timeoutMs, 'the connection was not closed')
    return { bytes: this.#reader.take(this.#reader.size), closed }
  }

  /** Stops reading: the kernel's buffers fill up, then the peer cannot write any more. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Sends a FIN; answers can still be read. */
  halfClose(): void {
    this.#socket.end()
  }

  /** Sends an RST: a client that crashed. */
  reset(): void {
    // TLS has no RST of its own; destroying without close_notify is the nearest there is.
    if ('encrypted' in this.#socket) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  /** Closes at once; unread bytes make the kernel send an RST instead of a FIN. */
  destroy(): void {
    this.#socket.destroy()
  }
}
