import { connect, Socket } from 'node:net'
import { FaultLane } from './fault-lane.ts'
import type { Fault, FaultCounters } from './fault-proxy.ts'

/** One client connection of the fault proxy and its connection to the upstream. */
export class FaultLink {
  /** Resolves when the client's connection is gone, and when both are. */
  readonly clientClosed: Promise<void>
  readonly closed: Promise<void>
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #counters: FaultCounters
  readonly #lanes: readonly FaultLane[]
  /** Accepted by a black hole: there is no upstream connection, and there never will be. */
  readonly #dead: boolean
  #fault: Fault
  #sinceFaultBytes = 0
  #broken = false

  constructor(client: Socket, targetPort: number, fault: Fault, counters: FaultCounters) {
    this.#client = client
    this.#counters = counters
    this.#fault = fault
    this.#dead = fault.kind === 'black-hole'
    this.#upstream = this.#dead
      ? new Socket()
      : connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const rules = { fault: () => this.#fault, ended: (sink: Socket) => this.#passEnd(sink) }
    this.#lanes = [
      new FaultLane(client, this.#upstream, { ...rules, towardsClient: false, pass: bytes => this.#passUp(bytes) }),
      new FaultLane(this.#upstream, client, { ...rules, towardsClient: true, pass: bytes => this.#passDown(bytes) }),
    ]
    this.clientClosed = this.#follow(client, this.#upstream)
    const upstreamClosed = this.#follow(this.#upstream, client)
    this.closed = Promise.all([this.clientClosed, this.#dead ? null : upstreamClosed]).then(() => {})
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
    if (this.#dead || fault.kind === 'black-hole') return true
    return fault.kind === 'half-open' && this.#sinceFaultBytes >= fault.afterBytes
  }

  /** A reset of one side resets the other. A FIN is passed on by the lane, behind the bytes that came before it. */
  #follow(from: Socket, to: Socket): Promise<void> {
    from.on('error', () => {
      if (!this.#silent) to.resetAndDestroy()
    })
    return new Promise(resolve => from.on('close', () => resolve()))
  }

  /** A client that gives up a silent connection is let go; the upstream does not hear of it. */
  #passEnd(sink: Socket): void {
    if (!this.#silent) sink.end()
    else if (sink === this.#upstream) this.#client.end()
  }

  #passUp(bytes: Buffer): void {
    if (this.#silent) return this.#swallow(bytes)
    this.#counters.toUpstreamBytes += bytes.length
    this.#upstream.write(bytes)
  }

  #passDown(bytes: Buffer): void {
    const fault = this.#fault
    if (fault.kind === 'black-hole') return this.#swallow(bytes)
    const limitBytes = 'afterBytes' in fault ? fault.afterBytes : Infinity
    const passed = bytes.subarray(0, Math.max(0, limitBytes - this.#sinceFaultBytes))
    this.#sinceFaultBytes += passed.length
    this.#counters.toClientBytes += passed.length
    this.#swallow(bytes.subarray(passed.length))
    if (passed.length > 0) this.#client.write(passed)
    if (this.#sinceFaultBytes < limitBytes) return
    if (fault.kind === 'cut') this.#break(socket => socket.destroySoon())
    // What may pass must have left before the RST, which throws away what is still queued.
    if (fault.kind === 'reset') this.#client.write('', () => this.reset())
  }

  #break(end: (socket: Socket) => void): void {
    if (this.#broken) return
    this.#broken = true
    this.#counters.broken++
    for (const lane of this.#lanes) lane.stop()
    end(this.#client)
    end(this.#upstream)
  }

  #swallow(bytes: Buffer): void {
    this.#counters.swallowedBytes += bytes.length
  }
}
