import type { MessagePort } from 'node:worker_threads'
import { startClock, type Clock } from '../clock.ts'
import type { LimitsPlan, Snapshot } from '../config/snapshot.ts'
import { latencyBucket } from '../wire/latency-grid.ts'
import type { DataPlaneData, LogMessage, ThreadCounters } from '../wire/messages.ts'
import type { SpendingMemory } from '../wire/spending.ts'
import { Counters } from './counters.ts'
import { DeadlineWheel } from './deadline-wheel.ts'
import type { Exchange } from './exchange.ts'
import { HeadMemory } from './h1/head-memory.ts'
import { parseRequestHead } from './http/h1/received-head.ts'
import type { Tunnel } from './http/tunnel.ts'
import { UnreadAnswers } from './http/unread-answers.ts'
import { TurnEnds } from './turn-ends.ts'
import { TurnQueue } from './turn-queue.ts'
import { LoopLag } from './loop-lag.ts'
import { ThreadLoad } from './thread-load.ts'
import { OpenExchanges } from './open-exchanges.ts'
import { Outbox } from './outbox.ts'
import { RateLimitedLog } from './rate-limited-log.ts'
import { RelayMemory } from './relay-memory.ts'
import { Runtime } from './runtime.ts'
import { AnswerBudget } from './shadow/answer-budget.ts'
import { CopyMemory } from './shadow/copy-memory.ts'
import { Tallies, type SecondTally } from './tallies.ts'

/** Share of the in-flight limit from which shadows are shed. */
const SHED_SHARE = 0.8

/** What all exchanges of one thread share. One instance a thread; threads share nothing. */
export class DataPlane {
  readonly clock: Clock
  readonly wheel = new DeadlineWheel()
  readonly counters = new Counters()
  readonly openExchanges = new OpenExchanges()
  readonly turnEnds = new TurnEnds()
  readonly turnQueue = new TurnQueue()
  readonly copyMemory = new CopyMemory()
  readonly answerBudget = new AnswerBudget()
  readonly relayMemory = new RelayMemory()
  readonly unreadAnswers = new UnreadAnswers()
  /** Shared by all connections: who opens one for each request sends the same head on all of them. */
  readonly firstHeads = new HeadMemory(parseRequestHead)
  readonly outbox: Outbox
  readonly log: RateLimitedLog
  readonly postLog: (message: LogMessage) => void
  /** WebSocket connections under way. */
  readonly tunnels = new Set<Tunnel>()
  runtime: Runtime
  draining = false
  connections = 0
  inFlight = 0
  readonly #lag = new LoopLag(lagUs => this.#tallies.lag(Math.floor(this.clock.nowUs() / 1e6), latencyBucket(lagUs)))
  readonly #load = new ThreadLoad(() => this.limits.busyShare)
  readonly #tallies = new Tallies()
  readonly #retired = new Set<Runtime>()
  readonly #idPrefix: string
  #ids = 0
  #settledBefore = 0
  #inFlightLimit = 0
  /** Of every answer whose connection stays open. */
  keepAlive = ''

  constructor(data: DataPlaneData, analysis: MessagePort, postLog: (message: LogMessage) => void) {
    this.clock = startClock(data.clock)
    this.outbox = new Outbox(analysis)
    this.postLog = postLog
    this.log = new RateLimitedLog(postLog)
    this.#idPrefix = `${data.origin.replaceAll('/', '-')}-`
    this.runtime = new Runtime(data.snapshot, null, this.counters, this.wheel, data.spending)
    this.#shareLimits()
  }

  get limits(): LimitsPlan {
    return this.runtime.snapshot.limits
  }

  /** The next exchange sees the new snapshot, those under way finish on theirs. */
  apply(snapshot: Snapshot, spending: SpendingMemory): void {
    const before = this.runtime
    this.runtime = new Runtime(snapshot, before, this.counters, this.wheel, spending)
    this.#retired.add(before)
    before.retire()
    this.#shareLimits()
  }

  nextExchangeId(): string {
    return this.#idPrefix + (this.#ids++).toString(36)
  }

  /** The thread is close to its limits: copies are given up first, so that clients are not. */
  sheddingShadows(nowMs: number): boolean {
    const nearlyFull = this.inFlight > this.#inFlightLimit * SHED_SHARE
    return nearlyFull || this.#lag.shedding || this.#load.givesUp || this.answerBudget.usedUp(nowMs)
  }

  /** @returns why the request cannot be taken now; null: it can, and is under way until `release`. */
  admit(exchange: Exchange): string | null {
    if (this.inFlight >= this.#inFlightLimit) return 'too many requests are in flight'
    if (this.#lag.refusing) return 'the proxy has more work than it can do'
    this.inFlight++
    exchange.admitted = true
    exchange.runtime.retain()
    return null
  }

  release(exchange: Exchange): void {
    if (!exchange.admitted) return
    exchange.admitted = false
    this.inFlight--
    exchange.runtime.release()
  }

  /** An even share of a limit of the whole process, rounded up. */
  share(limit: number): number {
    return Math.ceil(limit / this.runtime.snapshot.listen.threads)
  }

  tallyFor(exchange: Exchange): SecondTally {
    return this.#tallies.at(Math.floor(exchange.assignedAtUs / 1e6), exchange.runtime.snapshot.revision)
  }

  /** Hands over what is packed, and the counts of every second that no open exchange belongs to any more. */
  handOver(): void {
    const oldest = this.openExchanges.oldest()
    const watermarkUs = oldest === null ? this.clock.nowUs() : oldest.assignedAtUs
    const settledBefore = Math.floor(watermarkUs / 1e6)
    if (settledBefore > this.#settledBefore) this.#tally(settledBefore)
    else this.outbox.flush()
  }

  /** After the last exchange: nothing more will arrive in any second. */
  handOverAll(): void {
    this.#tally(Math.floor(this.clock.nowUs() / 1e6) + 1)
  }

  readCounters(): ThreadCounters {
    return {
      requests: this.counters.requests(),
      arms: this.counters.arms(),
      shadows: this.counters.shadows(),
      errors: this.counters.errors(),
      upstreams: [...this.runtime.upstreams.values()].map(upstream => ({
        upstream: upstream.plan.name,
        inFlight: upstream.inFlight,
        healthyEndpoints: upstream.usableEndpoints,
      })),
      connections: this.connections,
      inFlight: this.inFlight,
      eventLoopLagSeconds: this.#lag.read() / 1e3,
      busyShare: this.#load.busy,
    }
  }

  close(): void {
    this.#lag.stop()
    this.#load.stop()
    this.wheel.stop()
    this.runtime.destroy()
    for (const runtime of this.#retired) runtime.destroy()
    this.outbox.close()
  }

  #tally(settledBefore: number): void {
    this.#settledBefore = settledBefore
    for (const runtime of this.#retired) {
      if (!runtime.inUse) this.#retired.delete(runtime)
    }
    const inUse = [...this.#retired, this.runtime].map(runtime => runtime.snapshot.revision)
    // Counts may outlive the last exchange of their revision by a second: they too refer to it.
    const oldestRevision = Math.min(...inUse, ...this.#tallies.revisions())
    this.outbox.tally(this.#tallies.takeBefore(settledBefore), settledBefore, oldestRevision)
  }

  #shareLimits(): void {
    this.#inFlightLimit = this.share(this.limits.inFlight)
    this.keepAlive = `timeout=${Math.floor(this.limits.idleMs / 1000)}`
  }
}
