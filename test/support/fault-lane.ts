import type { Socket } from 'node:net'
import type { Fault } from './fault-proxy.ts'

/** Bytes held back (delay, trickle) before the sender is paused. */
const HELD_LIMIT_BYTES = 256 * 1024

export interface LaneRules {
  readonly towardsClient: boolean
  /** What the network does now. */
  readonly fault: () => Fault
  /** Bytes that are due. */
  readonly pass: (bytes: Buffer) => void
  /** The source's FIN, behind all its bytes. */
  readonly ended: (sink: Socket) => void
}

interface Held {
  bytes: Buffer
  readonly dueMs: number
}

/**
 * One direction of a connection: bytes wait here, in order, until they are due; the source is paused while too many wait
 * or the sink does not take them.
 */
export class FaultLane {
  readonly #source: Socket
  readonly #sink: Socket
  readonly #rules: LaneRules
  readonly #held: Held[] = []
  #heldBytes = 0
  #sourceEnded = false
  #stopped = false
  #timer: NodeJS.Timeout | null = null

  constructor(source: Socket, sink: Socket, rules: LaneRules) {
    this.#source = source
    this.#sink = sink
    this.#rules = rules
    source.on('data', (bytes: Buffer) => this.#hold(bytes))
    source.on('end', () => {
      this.#sourceEnded = true
      this.#pump()
    })
    sink.on('drain', () => this.#pump())
  }

  /** Nothing passes any more. */
  stop(): void {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #hold(bytes: Buffer): void {
    const fault = this.#rules.fault()
    this.#held.push({ bytes, dueMs: performance.now() + (fault.kind === 'delay' ? fault.ms : 0) })
    this.#heldBytes += bytes.length
    this.#pump()
  }

  #pump(): void {
    for (let first = this.#ready(); first !== undefined; first = this.#ready()) {
      const waitMs = first.dueMs - performance.now()
      if (waitMs > 0) this.#sleep(waitMs)
      else this.#pass(first)
    }
    if (this.#heldBytes > HELD_LIMIT_BYTES || this.#sink.writableNeedDrain) this.#source.pause()
    else this.#source.resume()
    if (this.#sourceEnded && this.#held.length === 0 && !this.#stopped) this.#rules.ended(this.#sink)
  }

  #ready(): Held | undefined {
    return this.#stopped || this.#timer !== null || this.#sink.writableNeedDrain ? undefined : this.#held[0]
  }

  #sleep(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#pump()
    }, Math.ceil(ms))
  }

  #pass(first: Held): void {
    const fault = this.#rules.fault()
    const trickle = fault.kind === 'trickle' && this.#rules.towardsClient ? fault : null
    const piece = first.bytes.subarray(0, trickle?.bytes ?? first.bytes.length)
    first.bytes = first.bytes.subarray(piece.length)
    if (first.bytes.length === 0) this.#held.shift()
    this.#heldBytes -= piece.length
    this.#rules.pass(piece)
    if (trickle !== null) this.#sleep(trickle.everyMs)
  }
}
