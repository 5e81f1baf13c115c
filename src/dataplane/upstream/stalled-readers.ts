/** A leg whose client does not take its answer. */
export interface StalledLeg {
  /** `performance.now()` when the client stopped reading. */
  readonly stalledAtMs: number
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
  /** In order of insertion, which is that of `stalledAtMs`. */
  readonly #legs = new Set<StalledLeg>()

  add(leg: StalledLeg): void {
    this.#legs.add(leg)
  }

  delete(leg: StalledLeg): void {
    this.#legs.delete(leg)
  }

  /** Gives up the leg whose client has not read for longest. false: none has waited long enough. */
  giveUpLongest(nowMs: number): boolean {
    for (const leg of this.#legs) {
      if (nowMs - leg.stalledAtMs < PATIENCE_MS) return false
      this.#legs.delete(leg)
      leg.giveUp()
      return true
    }
    return false
  }
}
