import type { Behaviour } from './behaviours.ts'
import { ChildHandle } from './child-handle.ts'

export type StandInQuestion =
  | { readonly ask: 'listen'; readonly behaviour: Behaviour; readonly modelMs: number }
  | { readonly ask: 'counts' }

export interface StandInCounts {
  readonly port: number
  /** Requests that arrived whole. */
  readonly requests: number
  readonly connections: number
}

/** A stand-in for a model server, in a process of its own. */
export class StandIn {
  readonly port: number
  readonly behaviour: Behaviour
  readonly #child: ChildHandle<StandInQuestion, StandInCounts>

  private constructor(behaviour: Behaviour, port: number, child: ChildHandle<StandInQuestion, StandInCounts>) {
    this.behaviour = behaviour
    this.port = port
    this.#child = child
  }

  /** `modelMs`: how long a healthy model thinks about a request, to the next millisecond (`large`: to a tenth). */
  static async start(behaviour: Behaviour, role: 'primary' | 'shadow', modelMs = 0): Promise<StandIn> {
    const child = new ChildHandle<StandInQuestion, StandInCounts>(
      './stand-in-process.ts',
      role === 'primary' ? 'ahead' : 'behind',
    )
    const { port } = await child.ask({ ask: 'listen', behaviour, modelMs })
    return new StandIn(behaviour, port, child)
  }

  /** `https://...` for the one whose certificate nobody trusts. */
  get url(): string {
    return `${this.behaviour === 'untrusted-tls' ? 'https' : 'http'}://127.0.0.1:${this.port}`
  }

  /** Requests and connections since it was started. */
  counts(): Promise<StandInCounts> {
    return this.#child.ask({ ask: 'counts' })
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}
