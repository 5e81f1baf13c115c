/** Keys that are remembered for certain in each experiment; up to twice as many are. */
export const KEYS_KEPT = 100_000

/**
 * Which keys of one experiment have voted: one vote for each, because the requests of one user go the same way together.
 * The warm-up is not judged, so a key that was seen in it votes once more afterwards. Bounded: those seen longest ago
 * are forgotten, and counted, when there are too many; a key among them may vote a second time.
 */
export class FirstVotes<Key> {
  readonly #keep: number
  #recent = new Set<Key>()
  #older = new Set<Key>()
  #isJudged = false
  #forgotten = 0

  constructor(keep: number = KEYS_KEPT) {
    this.#keep = keep
  }

  get forgotten(): number {
    return this.#forgotten
  }

  /** Whether this request is the vote of its key. `isWarmedUp`: it arrived after the warm-up. */
  isFirst(key: Key, isWarmedUp: boolean): boolean {
    // One of the warm-up that comes late must not take the vote that is judged.
    if (!isWarmedUp && this.#isJudged) return false
    if (isWarmedUp && !this.#isJudged) {
      this.#isJudged = true
      this.#recent.clear()
      this.#older.clear()
    }
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
