import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { FaultLink } from './fault-link.ts'

/**
 * What the network does. `…AfterBytes` count the bytes a connection carried towards the client since it was opened or
 * the fault was set, whichever is later; the bytes up to that count still pass.
 *
 * - `pass`: nothing.
 * - `delay`: every byte arrives `ms` later, in both directions; throughput is unchanged.
 * - `trickle`: towards the client, `bytes` every `everyMs`.
 * - `cut`: FIN to both sides. - `reset`: RST to both sides.
 * - `half-open`: from then on bytes and closes vanish in both directions, as when a machine loses its power.
 * - `black-hole`: connections are accepted, nothing is forwarded. Those accepted meanwhile stay dead afterwards.
 * - `refuse`: the listener is closed and open connections are reset, as when the process died.
 */
export type Fault =
  | { readonly kind: 'pass' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'reset'; readonly afterBytes: number }
  | { readonly kind: 'half-open'; readonly afterBytes: number }
  | { readonly kind: 'black-hole' }
  | { readonly kind: 'refuse' }

export interface FaultCounters {
  accepted: number
  /** Connections that a fault cut or reset. */
  broken: number
  /** Bytes handed on to the upstream, and to the client. */
  toUpstreamBytes: number
  toClientBytes: number
  /** Bytes that were read and thrown away. */
  swallowedBytes: number
}

/** A TCP proxy in front of `targetPort` whose faults can be switched while connections are open. */
export class FaultProxy {
  readonly counters: FaultCounters = { accepted: 0, broken: 0, toUpstreamBytes: 0, toClientBytes: 0, swallowedBytes: 0 }
  readonly #targetPort: number
  readonly #links = new Set<FaultLink>()
  #fault: Fault
  #server: Server | null = null
  #port = 0
  #open = 0

  constructor(targetPort: number, fault: Fault) {
    this.#targetPort = targetPort
    this.#fault = fault
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get fault(): Fault {
    return this.#fault
  }

  /** Connections that are open on the client's side. */
  get open(): number {
    return this.#open
  }

  /** Switches the fault, for open connections too. Resolves when the listener is as the fault says. */
  async set(fault: Fault): Promise<void> {
    this.#fault = fault
    for (const link of this.#links) link.set(fault)
    if (fault.kind === 'refuse') await this.#unlisten()
    else await this.listen()
  }

  /** Destroys everything. */
  async stop(): Promise<void> {
    await this.#unlisten()
  }

  async listen(): Promise<void> {
    if (this.#server !== null) return
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, client => this.#accept(client))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  #accept(client: Socket): void {
    this.counters.accepted++
    const link = new FaultLink(client, this.#targetPort, this.#fault, this.counters)
    this.#links.add(link)
    this.#open++
    void link.clientClosed.then(() => this.#open--)
    void link.closed.then(() => this.#links.delete(link))
  }

  async #unlisten(): Promise<void> {
    const server = this.#server
    this.#server = null
    for (const link of this.#links) link.reset()
    if (server === null) return
    const closed = once(server, 'close')
    server.close()
    await closed
  }
}

/** Starts on 127.0.0.1, an ephemeral port; the port stays the same through `refuse` and back. */
export async function startFaultProxy(targetPort: number, fault: Fault = { kind: 'pass' }): Promise<FaultProxy> {
  const proxy = new FaultProxy(targetPort, fault)
  await proxy.listen()
  if (fault.kind === 'refuse') await proxy.set(fault)
  return proxy
}
