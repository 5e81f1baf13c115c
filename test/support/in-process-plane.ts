import { MessageChannel } from 'node:worker_threads'
import { anchorClock } from '../../src/clock.ts'
import type { Snapshot } from '../../src/config/snapshot.ts'
import { DataPlane } from '../../src/dataplane/data-plane.ts'
import { Listener } from '../../src/dataplane/http/listener.ts'
import type { DataPlaneToAnalysis, Tally } from '../../src/wire/messages.ts'
import { eventually } from './within.ts'

/** A data plane and its listener on the thread of the test, so that it can look inside and hand over when it likes. */
export class InProcessPlane {
  readonly plane: DataPlane
  readonly port: number
  readonly #listener: Listener
  readonly #tallies: Tally[]

  static async start(snapshot: Snapshot): Promise<InProcessPlane> {
    const { port1, port2 } = new MessageChannel()
    const tallies: Tally[] = []
    port2.on('message', (message: DataPlaneToAnalysis) => {
      if (message.kind === 'tally') tallies.push(...message.tallies)
    })
    const [clock, spending] = [anchorClock(), new Map<string, SharedArrayBuffer>()]
    const data = { thread: 0, origin: 'h/b/0', clock, snapshot, spending, reusePort: false, analysis: port1 }
    const plane = new DataPlane(data, port1, () => {})
    const listener = new Listener(plane)
    return new InProcessPlane(plane, listener, await listener.listen('127.0.0.1', 0, false), tallies)
  }

  private constructor(plane: DataPlane, listener: Listener, port: number, tallies: Tally[]) {
    this.plane = plane
    this.#listener = listener
    this.port = port
    this.#tallies = tallies
  }

  /** What the experiment with this candidate has counted, once nothing is under way; fails when that is nothing. */
  async tallyOf(candidate: string): Promise<Tally> {
    const { plane } = this
    await eventually(() => plane.inFlight === 0)
    plane.handOverAll()
    return await eventually(() =>
      this.#tallies.find(
        ({ experiment }) => plane.runtime.snapshot.experiments[experiment]?.candidate.upstream === candidate,
      ),
    )
  }

  /** Ends the requests under way, as a drain does whose time is over. @returns how many. */
  shutDown(): number {
    return this.#listener.shutDown()
  }

  stop(): void {
    this.#listener.stopAccepting()
    this.#listener.closeAll()
    this.plane.close()
  }
}
