import type { Snapshot } from '../config/snapshot.ts'

/** The snapshots that frames may still refer to, by revision; the newest one is always among them. */
export class Snapshots {
  readonly #byRevision = new Map<number, Snapshot>()
  /** Oldest revision that each attached thread still refers to; 0 until it has said so. */
  readonly #oldest = new Map<string, number>()
  #newest: Snapshot

  constructor(first: Snapshot) {
    this.#newest = first
    this.#byRevision.set(first.revision, first)
  }

  get newest(): Snapshot {
    return this.#newest
  }

  get(revision: number): Snapshot | undefined {
    return this.#byRevision.get(revision)
  }

  add(snapshot: Snapshot): void {
    this.#byRevision.set(snapshot.revision, snapshot)
    this.#newest = snapshot
  }

  attach(origin: string): void {
    this.#oldest.set(origin, 0)
  }

  /** The thread no longer refers to older ones. @returns whether some were let go. */
  keepFrom(origin: string, oldestRevision: number): boolean {
    this.#oldest.set(origin, oldestRevision)
    return this.#prune()
  }

  detach(origin: string): boolean {
    this.#oldest.delete(origin)
    return this.#prune()
  }

  hasExperiment(id: string): boolean {
    for (const snapshot of this.#byRevision.values()) {
      if (snapshot.experiments.some(experiment => experiment.id === id)) return true
    }
    return false
  }

  #prune(): boolean {
    // Without threads nothing is known: one that is being started may still use any of them.
    if (this.#oldest.size === 0) return false
    const oldest = Math.min(...this.#oldest.values())
    let pruned = false
    for (const revision of this.#byRevision.keys()) {
      if (revision < oldest && revision !== this.#newest.revision) pruned = this.#byRevision.delete(revision) || pruned
    }
    return pruned
  }
}
