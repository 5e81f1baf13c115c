import type { ServerResponse } from 'node:http'
import type { Verdict } from '../evidence/verdict.ts'
import type { RolloutState } from '../judge/rollout.ts'
import type { AuditEntry } from './audit.ts'

/** What `GET /api/v1/events` tells, by the name of the event. */
export interface Events {
  /** Another effective verdict. `before` is null for the first one. */
  readonly verdict: {
    readonly experiment: string
    readonly before: Verdict | null
    readonly verdict: Verdict
    readonly judged: Verdict
    readonly reason: string
  }
  /** Another state or percentage of a rollout. */
  readonly rollout: {
    readonly route: string
    readonly state: RolloutState['kind']
    readonly percent: number
    readonly reason: string | null
  }
  readonly audit: AuditEntry
  /** Another configuration is in force, or another percentage. */
  readonly config: { readonly revision: number; readonly hash: string; readonly changes: readonly string[] }
}

/** Dashboards and a few scripts; each costs a connection and its buffer. */
const LISTENERS_MAX = 64
/** Of one listener that does not read, beyond what the kernel takes: about a thousand events. */
const BUFFERED_BYTES_MAX = 256 * 1024
/** Shorter than the idle timeouts of usual proxies. It is also how a listener that is gone without a word is found. */
const HEARTBEAT_MS = 15_000
/** When to come back after a connection has ended. */
const RETRY_MS = 2_000

export interface FeedLimits {
  readonly listeners: number
  readonly bufferedBytes: number
  readonly heartbeatMs: number
}

const LIMITS: FeedLimits = { listeners: LISTENERS_MAX, bufferedBytes: BUFFERED_BYTES_MAX, heartbeatMs: HEARTBEAT_MS }

/** Server-sent events to everyone who listens. What happened before somebody came is not told; the other routes know it. */
export class EventFeed {
  readonly #listeners = new Set<ServerResponse>()
  readonly #limits: FeedLimits
  #heartbeat: NodeJS.Timeout | null = null
  #id = 0

  constructor(limits: Partial<FeedLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits }
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Writes the head and everything that is published from now on. false: there are too many listeners. */
  add(response: ServerResponse): boolean {
    if (this.#listeners.size >= this.#limits.listeners) return false
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(`retry: ${RETRY_MS}\n\n`)
    this.#listeners.add(response)
    response.on('close', () => this.#remove(response))
    // A client that resets is no failure of ours.
    response.on('error', () => this.#remove(response))
    this.#heartbeat ??= setInterval(() => this.#write(': still here\n\n'), this.#limits.heartbeatMs).unref()
    return true
  }

  publish<Name extends keyof Events>(name: Name, data: Events[Name]): void {
    this.#id++
    if (this.#listeners.size > 0) this.#write(`id: ${this.#id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  /** Ends every stream: what was written before still arrives. */
  close(): void {
    for (const response of this.#listeners) response.end()
  }

  #write(text: string): void {
    for (const response of this.#listeners) {
      response.write(text)
      if (response.writableLength <= this.#limits.bufferedBytes) continue
      // One that does not keep up is cut, and may come back: nobody waits for it and it costs no more memory.
      this.#remove(response)
      response.destroy()
    }
  }

  #remove(response: ServerResponse): void {
    this.#listeners.delete(response)
    if (this.#listeners.size > 0 || this.#heartbeat === null) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = null
  }
}
