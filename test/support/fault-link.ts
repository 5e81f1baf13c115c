import { connect, type Socket } from 'node:net'
import type { Fault, FaultCounters } from './fault-proxy.ts'

/** Bytes held back (delay, trickle) before the sender is paused. */
const HELD_LIMIT_BYTES = 256 * 1024

/** One client connection of the fault proxy and its connection to the upstream. */
export class FaultLink {
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #counters: FaultCounters
  readonly #toClient: Lane
  readonly #toUpstream: Lane
  #fault: Fault
  #sinceFaultBytes = 0
  #gone = false

  constructor(client: Socket, targetPort: number, fault: Fault, counters: FaultCounters) {
    this.#client = client
    this.#counters = counters
    this.#fault = fault
    this.#upstream = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const ended = (sink: Socket) => (): void => {
      if (!this.#silent) sink.end()
    }
    this.#toUpstream = new Lane(client, this.#upstream, {
      fault: () => this.#fault,
      pass: bytes => this.#passUp(bytes),
      ended: ended(this.#upstream),
    })
    this.#toClient = new Lane(this.#upstream, client, {
      fault: () => this.#fault,
      pass: bytes => this.#passDown(bytes),
      ended: ended(client),
    })
    this.#follow(client, this.#upstream)
    this.#follow(this.#upstream, client)
  }

  set(fault: Fault): void {
    this.#fault = fault
    this.#sinceFaultBytes = 0
  }

  reset(): void {
    this.#break(socket => socket.resetAndDestroy())
  }

  /** Whether bytes and closes vanish. */
  get #silent(): boolean {
    const fault = this.#fault
    return fault.kind === 'black-hole' || (fault.kind === 'half-open' && this.#sinceFaultBytes >= fault.afterBytes)
  }

  /** A reset of one side resets the other; a plain close was already passed on as a FIN. */
  #follow(from: Socket, to: Socket): void {
    let failed = false
    from.on('error', () => {
      failed = true
    })
    from.on('close', () => {
      if (this.#silent) return
      if (failed) to.resetAndDestroy()
      else to.destroySoon()
    })
  }

  #passUp(bytes: Buffer): void {
    if (this.#silent) this.#swallow(bytes)
    else {
      this.#counters.toUpstreamBytes += bytes.length
      this.#upstream.write(bytes)
    }
  }

  #passDown(bytes: Buffer): void {
    const fault = this.#fault
    if (this.#silent && fault.kind === 'black-hole') return this.#swallow(bytes)
    const limited = fault.kind === 'cut' || fault.kind === 'reset' || fault.kind === 'half-open'
    const room = limited ? Math.max(0, fault.afterBytes - this.#sinceFaultBytes) : bytes.length
    const passed = bytes.subarray(0, room)
    this.#sinceFaultBytes += passed.length
    this.#counters.toClientBytes += passed.length
    if (passed.length > 0) this.#client.write(passed)
    if (passed.length < bytes.length) this.#swallow(bytes.subarray(passed.length))
    if (!limited || this.#sinceFaultBytes < fault.afterBytes) return
    if (fault.kind === 'cut') this.#break(socket => socket.destroySoon())
    if (fault.kind === 'reset') this.#resetWhenWritten()
  }

  /** The bytes that may pass must have left before the RST, which throws away what is still queued. */
  #resetWhenWritten(): void {
    if (this.#client.writableLength === 0) this.#break(socket => socket.resetAndDestroy())
    else this.#client.write('', () => this.#break(socket => socket.resetAndDestroy()))
  }

  #break(end: (socket: Socket) => void): void {
    if (this.#gone) return
    this.#gone = true
    this.#counters.broken++
    this.#toClient.stop()
    this.#toUpstream.stop()
    end(this.#client)
    end(this.#upstream)
  }

  #swallow(bytes: Buffer): void {
    this.#counters.swallowedBytes += bytes.length
  }
}

interface LaneRules {
  readonly fault: () => Fault
  readonly pass: (bytes: Buffer) => void
  readonly ended: () => void
}

/**
 * One direction: bytes wait here until they are due, in order, and the source is paused while too many wait or the sink
 * does not take them.
 */
class Lane {
  readonly #source: Socket
  readonly #sink: Socket
  readonly #rules: LaneRules
  readonly #held: { bytes: Buffer; readonly dueMs: number }[] = []
  #heldBytes = 0
  #sourceEnded = false
  #timer: NodeJS.Timeout | null = null
  #stopped = false

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
    while (!this.#stopped && this.#timer === null && this.#held.length > 0 && !this.#sink.writableNeedDrain) {
      const waitMs = this.#next()
      if (waitMs > 0) this.#timer = setTimeout(() => this.#wake(), waitMs)
    }
    if (this.#heldBytes > HELD_LIMIT_BYTES || this.#sink.writableNeedDrain) this.#source.pause()
    else this.#source.resume()
    if (this.#sourceEnded && this.#held.length === 0 && !this.#stopped) this.#rules.ended()
  }

  #wake(): void {
    this.#timer = null
    this.#pump()
  }

  /** Passes the next bytes when they are due; how long to wait then, milliseconds. */
  #next(): number {
    const first = this.#held[0] as { bytes: Buffer; readonly dueMs: number }
    const earlyMs = first.dueMs - performance.now()
    if (earlyMs > 0) return Math.ceil(earlyMs)
    const fault = this.#rules.fault()
    const trickles = fault.kind === 'trickle' && this.#towardsClient
    const piece = trickles ? first.bytes.subarray(0, fault.bytes) : first.bytes
    first.bytes = first.bytes.subarray(piece.length)
    if (first.bytes.length === 0) this.#held.shift()
    this.#heldBytes -= piece.length
    this.#rules.pass(piece)
    return trickles ? fault.everyMs : 0
  }
}
