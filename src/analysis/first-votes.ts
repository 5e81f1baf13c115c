/** Keys that are remembered for certain in each experiment; up to twice as many are. */
const KEYS_KEPT = 100_000

/**
 * Which keys have voted: one vote for each, because the requests of one user go the same way together. Bounded: those seen
 * longest ago are forgotten, and counted, when there are too many; a key among them may vote a second time.
 */
export class FirstVotes<Key> {
  readonly #keep: number
  #recent = new Set<Key>()
  #older = new Set<Key>()
  #forgotten = 0

  constructor(keep: number = KEYS_KEPT) {
    this.#keep = keep
  }

  get forgotten(): number {
    return this.#forgotten
  }

  /** Whether this request is the vote of its key. */
  isFirst(key: Key): boolean {
    if (this.#recent.has(key)) return false
    const isFirst = !this.#older.has(key)
    this.#recent.add(key)
    if (this.#recent.size >= this.#keep) {
      for (const old of this.#older) if (!this.#recent.has(old)) this.#forgotten++
      this.#older = this.#recent
      this.#recent = new Set()
    }
    return isFirst
  }
}
