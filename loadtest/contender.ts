/** A proxy that is measured, or the model server itself. */
export interface Contender {
  /** As the tables call it. */
  readonly name: string
  /** Where clients connect, on 127.0.0.1. */
  readonly port: number
  /** CPU time of the whole process so far, in milliseconds: user and system, all threads. */
  cpuMs(): number
  stop(): Promise<void>
}

/** What a proxy is started with: one primary and, at 100 %, at most one shadow. */
export interface Topology {
  readonly primaryPort: number
  readonly shadow: { readonly url: string } | null
}
