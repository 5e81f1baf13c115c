import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorCode } from '../../errors.ts'
import type { DeadlineWheel, WheelEntry } from '../deadline-wheel.ts'
import { cutSocket } from '../http/cut-socket.ts'
import { acceptFor, agreementOf, isSameAgreement, type Agreement } from '../http/websocket-handshake.ts'
import { legErrorCode } from '../upstream/leg-error.ts'
import type { SentHandshake } from './session-request.ts'

/**
 * What a shadow may leave unread: half of what the copies of a thread may hold. It is no memory of its own, the client's words
 * are kept anyway; all that it said before the shadow's handshake goes at once.
 */
const UNREAD_BYTES = 16 * 1024 * 1024
/** What a shadow may say behind the last word to it: more is not worth hearing its close frame. */
const FAREWELL_BYTES = 64 * 1024
/** Before the answer to the handshake. A flood of them keeps the thread busy: one session made a p50 of 68 ms of 1.5. */
const MOST_INTERIM = 20
/** What the answer to the last close frame may take. */
const LEAVE_MS = 1_000

/** Who hears of it; nothing any more once it has left. */
export interface SessionListener {
  onConnected(): void
  /** The shadow has answered the handshake; `onAccepted`, or `onFailed`, may follow at once. */
  onAnswer(status: number): void
  onAccepted(extensions: string): void
  /** The bytes are the listener's to keep. */
  onBytes(bytes: Buffer): void
  onFailed(code: ErrorCode, detail: string): void
}

/**
 * The connection of a copied session to its shadow. States:
 *   asking   the handshake is on its way, or not answered yet
 *   open     bytes flow both ways
 *   leaving  the last word is on its way; the socket is cut LEAVE_MS later at the latest
 *   gone     there is no socket any more
 */
export class SessionConnection implements WheelEntry {
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly #wheel: DeadlineWheel
  readonly #listener: SessionListener
  /** What the primary has agreed to: the shadow has to do the same. */
  readonly #agreement: Agreement
  #state: 'asking' | 'open' | 'leaving' | 'gone' = 'asking'
  #request: ClientRequest | null = null
  #socket: Socket | null = null
  #interim = 0
  /** Read since the last word. */
  #farewellBytes = 0

  constructor(wheel: DeadlineWheel, agreement: Agreement, listener: SessionListener) {
    this.#wheel = wheel
    this.#agreement = agreement
    this.#listener = listener
  }

  ask({ request, key }: SentHandshake): void {
    this.#request = request
    request.on('error', error => this.#broke(error))
    request.on('information', () => this.#onInterim())
    request.once('response', response => this.#refused(response))
    request.once('upgrade', (response, socket: Socket, head) => this.#upgraded(response, socket, head, key))
    request.once('socket', (socket: Socket) => {
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
        if (this.#state === 'asking') this.#listener.onConnected()
      })
    })
  }

  /** Only where it is open. */
  write(bytes: Buffer): void {
    if (this.#state !== 'open' || this.#socket === null) return
    this.#socket.write(bytes)
    if (this.#socket.writableLength > UNREAD_BYTES)
      this.#listener.onFailed('UPSTREAM_TIMEOUT', `${UNREAD_BYTES} bytes were not read`)
  }

  /** Lets go of the connection, with a last frame if there is one to say and somebody to hear it. */
  leave(word: Buffer | null): void {
    if (this.#state !== 'open' || this.#socket === null || word === null) return this.#gone()
    this.#state = 'leaving'
    this.#socket.end(word)
    // The process does not stay for it.
    this.#socket.unref()
    this.#wheel.arm(this, LEAVE_MS)
  }

  onDeadline(): void {
    this.#gone()
  }

  #onInterim(): void {
    if (++this.#interim === MOST_INTERIM && this.#state === 'asking')
      this.#listener.onFailed('UPSTREAM_PROTOCOL', `${MOST_INTERIM} interim answers came before one to the upgrade`)
  }

  #refused(response: IncomingMessage): void {
    // Nobody reads the answer, so nobody minds how it breaks.
    response.on('error', () => {})
    if (this.#state !== 'asking') return
    const { statusCode = 0 } = response
    this.#listener.onAnswer(statusCode)
    this.#listener.onFailed('UPSTREAM_PROTOCOL', `the upgrade was answered with ${statusCode}`)
  }

  #upgraded(response: IncomingMessage, socket: Socket, head: Buffer, key: string): void {
    socket.on('error', error => this.#broke(error))
    this.#socket = socket
    if (this.#state !== 'asking') return cutSocket(socket)
    this.#listener.onAnswer(response.statusCode ?? 0)
    const flaw = this.#flawOf(response, key)
    if (flaw === null) this.#open(socket, agreementOf(response.headers).extensions, head)
    else this.#listener.onFailed('UPSTREAM_PROTOCOL', flaw)
  }

  #flawOf({ headers }: IncomingMessage, key: string): string | null {
    if (headers['sec-websocket-accept'] !== acceptFor(key))
      return 'the upgrade was answered with a wrong Sec-WebSocket-Accept'
    return isSameAgreement(agreementOf(headers), this.#agreement)
      ? null
      : 'the upgrade was not answered with the extensions and the protocol of the primary'
  }

  #open(socket: Socket, extensions: string, head: Buffer): void {
    this.#state = 'open'
    socket.setNoDelay(true)
    socket.once('end', () => this.#ended())
    socket.once('close', () => this.#ended())
    // Read also after the last word: its own end must be heard.
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    this.#listener.onAccepted(extensions)
    if (head.length > 0) this.#read(Buffer.from(head))
  }

  #read(bytes: Buffer): void {
    if (this.#state === 'open') return this.#listener.onBytes(bytes)
    this.#farewellBytes += bytes.length
    if (this.#farewellBytes > FAREWELL_BYTES) this.#gone()
  }

  #broke(error: Error): void {
    if (this.#state === 'leaving') this.#gone()
    else if (this.#state !== 'gone') this.#listener.onFailed(legErrorCode(error), error.message)
  }

  #ended(): void {
    if (this.#state === 'leaving') this.#gone()
    else if (this.#state === 'open')
      this.#listener.onFailed('UPSTREAM_RESET', 'the connection ended without a close frame')
  }

  #gone(): void {
    this.#state = 'gone'
    this.#wheel.disarm(this)
    this.#request?.destroy()
    if (this.#socket !== null) cutSocket(this.#socket)
    // The client's connection, which knows this one, may go on for days.
    this.#request = null
    this.#socket = null
  }
}
