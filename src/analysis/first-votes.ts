/** Keys that are remembered for certain in each experiment; up to twice as many are. */
export const KEYS_KEPT = 100_000

/**
 * Which keys of one experiment have voted: one vote for each, because the requests of one user go the same way together.
 * The warm-up is not judged, so a key that was seen in it votes once more afterwards. Bounded: those seen longest ago
 * are forgotten, and counted, when there are too many; a key among them may vote a second time.
 */
export class FirstVotes<Key> {
  readonly #warmUpSeconds: number
  readonly #keep: number
  #recent = new Set<Key>()
  #older = new Set<Key>()
  #firstSecond: number | null = null
  #isJudged = false
  #forgotten = 0

  constructor(warmUpMs: number, keep: number = KEYS_KEPT) {
    this.#warmUpSeconds = warmUpMs / 1e3
    this.#keep = keep
  }

  get forgotten(): number {
    return this.#forgotten
  }

  /** Whether this request, which arrived in `second`, is the vote of its key. */
  isFirst(key: Key, second: number): boolean {
    this.#firstSecond ??= second
    if (!this.#isJudged && second - this.#firstSecond >= this.#warmUpSeconds) {
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
