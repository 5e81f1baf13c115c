import { LinkedList, type Place } from '../linked-list.ts'

/** A leg whose client does not take its answer. */
export interface StalledLeg {
  /** `performance.now()` when the client stopped reading. */
  readonly stalledAtMs: number
  /** Among the stalled; their own. */
  stalledPlace: Place<StalledLeg> | null
  /** Ends the leg; its connection is free afterwards. */
  giveUp(): void
}

/** A client that took nothing for so long is cut when others need the connection, and left alone otherwise. */
const PATIENCE_MS = 250

/**
 * The legs of an upstream whose clients do not read, longest first. Each holds a connection to the model server, of which
 * there are few; as long as some are free that is all right.
 */
export class StalledReaders {
  /** In the order of `stalledAtMs`. */
  readonly #legs = new LinkedList<StalledLeg>()

  add(leg: StalledLeg): void {
    leg.stalledPlace ??= this.#legs.add(leg)
  }

  delete(leg: StalledLeg): void {
    if (leg.stalledPlace !== null) this.#legs.remove(leg.stalledPlace)
    leg.stalledPlace = null
  }

  /** Gives up the leg whose client has not read for longest. false: none has waited long enough. */
  giveUpLongest(nowMs: number): boolean {
    const leg = this.#legs.first
    if (leg === null || nowMs - leg.stalledAtMs < PATIENCE_MS) return false
    this.delete(leg)
    leg.giveUp()
    return true
  }
}
