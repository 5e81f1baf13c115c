import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { DataPlane } from '../data-plane.ts'
import type { WheelEntry } from '../deadline-wheel.ts'
import type { AnswerOwner, H1Downstream } from './h1-downstream.ts'

/**
 * One open client connection, as the listener sees it. Its deadline cuts a client that does not read the end of its answer:
 * up to there the leg's deadlines hold, and behind it the keep-alive time; in between is what the socket still holds when
 * the answer is whole for everyone but the client.
 */
export class ClientConnection implements WheelEntry, AnswerOwner {
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly socket: Socket
  /** The request under way: an error on the connection must not be answered into the middle of its answer. */
  busy: H1Downstream | null = null
  /** Its bytes are no HTTP any more: Node says so again for each piece that comes. */
  garbled = false
  readonly #plane: DataPlane
  /** What had come when the sweep last saw a change, and when that was, performance.now(). */
  #seenBytes = -1
  #seenAtMs = 0
  /** How many bytes had come when HTTP began: 0, or those of the TLS handshake. */
  readonly #bytesBefore: number
  /**
   * Requests that came before the answer to the one before them. Node would start them all at once, so that one connection
   * could take every place there is; and their answers could not go out before their turn anyway.
   */
  readonly #pipelined: (() => void)[] = []

  constructor(plane: DataPlane, socket: Socket) {
    this.#plane = plane
    this.socket = socket
    this.#bytesBefore = socket.bytesRead
  }

  get keepAlive(): string {
    return this.#plane.keepAlive
  }

  /** For Node a connection on which nothing has come yet waits for its first request. */
  get unused(): boolean {
    return this.socket.bytesRead === this.#bytesBefore
  }

  /**
   * Called now and then: closes a connection on which nothing has come for `idleMs`. A timer of its own, set and cleared
   * around each request, as node:http has it, costs 1 us a request.
   */
  sweep(nowMs: number, idleMs: number): void {
    if (this.busy !== null) return
    const { bytesRead } = this.socket
    if (bytesRead !== this.#seenBytes) {
      this.#seenBytes = bytesRead
      this.#seenAtMs = nowMs
    } else if (nowMs - this.#seenAtMs >= idleMs) this.socket.destroy()
  }

  /** A request that has to wait for its turn. */
  queue(begin: () => void): void {
    this.#pipelined.push(begin)
  }

  onAnswerEnded(): void {
    if (this.socket.writableLength > 0) this.#plane.wheel.arm(this, this.#plane.limits.idleMs)
  }

  onAnswerClosed(client: H1Downstream): void {
    this.#plane.wheel.disarm(this)
    this.busy = null
    if (!client.closeAfterAnswer) this.#pipelined.shift()?.()
  }

  /** The exchange is settled, so this is counted beside it. */
  onDeadline(): void {
    const { counters, log, limits } = this.#plane
    counters.error('-', 'client', 'CLIENT_GONE')
    log.write('debug', '-/CLIENT_GONE', 'answer not read', {
      code: 'CLIENT_GONE',
      route: '-',
      detail: `the client did not read the end of its answer within ${limits.idleMs} ms (limits.idle)`,
    })
    // A reset, or the kernel would keep the bytes for minutes; TLS has none.
    if (this.socket instanceof TLSSocket) this.socket.destroy()
    else this.socket.resetAndDestroy()
  }
}
