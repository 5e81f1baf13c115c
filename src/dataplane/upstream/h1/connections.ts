import { isIP } from 'node:net'
import type { EndpointPlan, UpstreamPlan } from '../../../config/snapshot.ts'
import type { Call, CallControl } from './call.ts'
import { HeadMemory } from '../../h1/head-memory.ts'
import { LinkedList } from '../../linked-list.ts'
import { parseAnswerHead } from './answer-head.ts'
import { Connection, type ConnectionOwner, type Opening, type Request } from './connection.ts'
import { socketOpener } from './open-socket.ts'
import { ReadTurns } from './read-turns.ts'

/**
 * Idle time after which we close a connection ourselves: below the 5 s at which uvicorn and Node servers close theirs, so
 * that a request rarely meets a connection that is being closed.
 */
const KEEP_ALIVE_MS = 4_000
const SWEEP_MS = 1_000
/**
 * A connection that was idle for longer is looked at before it is used: its end may have come in this very turn of the
 * event loop and not be known yet. One that is in steady use costs no extra turn.
 */
const TRUSTED_IDLE_MS = 100
/**
 * A connection to a host name is replaced at this age: names are looked up when a connection is opened, so that without
 * this a busy one would go to yesterday's address for ever.
 */
const NAME_TTL_MS = 30_000

/** Of all connections of this thread: they share its event loop. */
const TURNS = new ReadTurns()

/**
 * The connections of one thread to one endpoint. How many calls are under way is the endpoint's to bound: here each call
 * gets a connection, an idle one or a new one, and none waits for another.
 */
export class Connections implements ConnectionOwner {
  readonly #opening: Opening
  readonly #maxAgeMs: number
  readonly #all = new LinkedList<Connection>()
  /** The one used last is used next: those that are not needed grow old. */
  readonly #idle: Connection[] = []
  #sweeper: NodeJS.Timeout | null = null
  #closing = false
  /** Nothing is sent any more. */
  destroyed = false

  constructor(endpoint: EndpointPlan, upstream: UpstreamPlan, servername: string) {
    const open = socketOpener(endpoint, upstream, servername)
    this.#opening = { open, idleLimitMs: KEEP_ALIVE_MS, heads: new HeadMemory(parseAnswerHead), turns: TURNS }
    const host = new URL(endpoint.origin).hostname.replace(/^\[|\]$/g, '')
    this.#maxAgeMs = isIP(host) === 0 ? NAME_TTL_MS : Number.POSITIVE_INFINITY
  }

  /** The next call needs a new connection. */
  get noneIdle(): boolean {
    return this.#idle.length === 0
  }

  /** Of the call, only `onRequestSent` may be called before it returns. `nowMs`: performance.now(). */
  send(call: Call, request: Request, nowMs: number): CallControl {
    const connection = this.#takeIdle(nowMs)
    if (connection === null) return this.#sendOnNew(call, request)
    if (nowMs - connection.idleSinceMs <= TRUSTED_IDLE_MS) {
      connection.send(call, request)
      return connection
    }
    return new Lookout(this, connection, call, request)
  }

  onReusable(connection: Connection, nowMs: number): void {
    if (this.#closing || this.#outlived(connection)) {
      connection.destroy()
      return
    }
    connection.idleSinceMs = nowMs
    this.#idle.push(connection)
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS)
  }

  onGone(connection: Connection): void {
    if (connection.place !== null) this.#all.remove(connection.place)
    connection.place = null
    const at = this.#idle.lastIndexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
  }

  /** What is under way finishes; then its connection closes. */
  close(): void {
    this.#closing = true
    this.#stopSweeping()
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  /** Closes everything at once. Calls under way hear nothing. */
  destroy(): void {
    this.destroyed = true
    this.close()
    for (const connection of this.#all.all()) connection.destroy()
  }

  #takeIdle(nowMs: number): Connection | null {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) return null
      if (connection.idle && this.#young(connection, nowMs)) return connection
      connection.destroy()
    }
  }

  #young(connection: Connection, nowMs: number): boolean {
    return !this.#outlived(connection) && nowMs - connection.idleSinceMs < connection.idleLimitMs
  }

  /** Addresses stay what they are: only connections to names have an age. */
  #outlived(connection: Connection): boolean {
    return this.#maxAgeMs !== Number.POSITIVE_INFINITY && Date.now() - connection.openedAtMs >= this.#maxAgeMs
  }

  #sendOnNew(call: Call, request: Request): CallControl {
    const connection = new Connection(this.#opening, this, call, request)
    connection.place = this.#all.add(connection)
    return connection
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const connection of this.#idle.filter(each => !this.#young(each, nowMs))) {
      this.#idle.splice(this.#idle.indexOf(connection), 1)
      connection.destroy()
    }
    if (this.#idle.length === 0) this.#stopSweeping()
  }

  #stopSweeping(): void {
    if (this.#sweeper !== null) clearInterval(this.#sweeper)
    this.#sweeper = null
  }
}

/** A call on a connection that was idle for a while: a turn of the event loop later, its end would be known. */
class Lookout implements CallControl {
  readonly #connections: Connections
  readonly #connection: Connection
  #control: CallControl | null = null
  #wanted = true

  constructor(connections: Connections, connection: Connection, call: Call, request: Request) {
    this.#connections = connections
    this.#connection = connection
    setImmediate(() => this.#look(call, request))
  }

  pause(call: Call): void {
    this.#control?.pause(call)
  }

  resume(call: Call): void {
    this.#control?.resume(call)
  }

  abort(call: Call): void {
    if (!this.#wanted) return
    this.#wanted = false
    if (this.#control === null) this.#connections.onReusable(this.#connection, this.#connection.idleSinceMs)
    else this.#control.abort(call)
  }

  #look(call: Call, request: Request): void {
    if (!this.#wanted || this.#connections.destroyed) return
    if (!this.#connection.idle) {
      this.#control = this.#connections.send(call, request, performance.now())
      return
    }
    this.#control = this.#connection
    this.#connection.send(call, request)
  }
}
