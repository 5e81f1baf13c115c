import { countPair, type CountedPair } from '../analysis/windows.ts'
import { addCounts, emptyCounts, type SealedWindow, type WindowCounts } from '../wire/window.ts'

/** A pair as it was recorded, and as it is now: the same but for its result and reason, if it was compared anew. */
export interface ReplayedPair {
  readonly id: string
  readonly second: number
  readonly recorded: CountedPair
  readonly now: CountedPair
}

/** What the pair records of one window say. */
export interface SecondOfPairs {
  pairs: number
  /** Votes on which leg was slower, as recorded: what the window counted. */
  recordedVotes: number
  /** The same votes now, by the ratio of the plan. */
  readonly slowdown: WindowCounts['slowdown']
  /** Those of them that are no votes, because their unit had voted before. */
  readonly repeatedSlowdown: WindowCounts['slowdown']
  /** Pairs whose result or reason is another one now. */
  changed: number
  /** What comparing anew adds to the counts of the window and takes from them; null where nothing changed. */
  change: WindowCounts | null
  /** The counts of the pairs, for records without windows; null where they are not gathered. */
  rebuilt: WindowCounts | null
}

/** Pair records, summed by the window their pairs were counted in: memory grows with the windows, not with the pairs. */
export class PairSeconds {
  readonly #seconds = new Map<string, SecondOfPairs>()
  /** Only its `slowdown` is looked at. */
  readonly #scratch = emptyCounts()
  #isRebuilding = true

  /** There are window records: counts of pairs alone are not needed. */
  stopRebuilding(): void {
    if (!this.#isRebuilding) return
    this.#isRebuilding = false
    for (const second of this.#seconds.values()) second.rebuilt = null
  }

  add(pair: ReplayedPair): void {
    const key = `${originOf(pair.id)} ${pair.second}`
    let second = this.#seconds.get(key)
    if (second === undefined) this.#seconds.set(key, (second = this.#empty()))
    second.pairs++
    second.recordedVotes += this.#votes(pair.recorded).pairs
    const { pairs, slower } = this.#votes(pair.now)
    second.slowdown.pairs += pairs
    second.slowdown.slower += slower
    if (pair.now.isRepeat) {
      second.repeatedSlowdown.pairs += pairs
      second.repeatedSlowdown.slower += slower
    }
    if (second.rebuilt !== null) countAlone(second.rebuilt, pair.now)
    if (pair.now.result === pair.recorded.result && pair.now.reason === pair.recorded.reason) return
    second.changed++
    addCounts((second.change ??= emptyCounts()), difference(pair.now, pair.recorded))
  }

  /** Of the window; undefined without pair records. */
  of({ origin, second }: SealedWindow): SecondOfPairs | undefined {
    return this.#seconds.get(`${origin.replaceAll('/', '-')} ${second}`)
  }

  /** Windows of the pairs alone: what was eligible, dropped or lost is not in them. */
  *rebuilt(experiment: string): Generator<SealedWindow> {
    for (const [key, { rebuilt }] of this.#seconds) {
      if (rebuilt === null) continue
      const space = key.lastIndexOf(' ')
      const [origin, second] = [key.slice(0, space), Number(key.slice(space + 1))]
      yield { schema: 'understudy.window/1', experiment, origin, second, counts: rebuilt }
    }
  }

  #empty(): SecondOfPairs {
    return {
      pairs: 0,
      recordedVotes: 0,
      slowdown: { pairs: 0, slower: 0 },
      repeatedSlowdown: { pairs: 0, slower: 0 },
      changed: 0,
      change: null,
      rebuilt: this.#isRebuilding ? emptyCounts() : null,
    }
  }

  #votes(pair: CountedPair): WindowCounts['slowdown'] {
    this.#scratch.slowdown = { pairs: 0, slower: 0 }
    countPair(this.#scratch, pair)
    return this.#scratch.slowdown
  }
}

/** The origin of the thread that made the id, with dashes for its slashes. */
function originOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('-')))
}

function countAlone(counts: WindowCounts, pair: CountedPair): void {
  counts.eligible++
  counts.sampled++
  counts.sent++
  counts.pairs++
  countPair(counts, pair)
}

/** The counts of `now` less those of `before`: some are below zero. */
function difference(now: CountedPair, before: CountedPair): WindowCounts {
  const [after, taken] = [emptyCounts(), emptyCounts()]
  countPair(after, now)
  countPair(taken, before)
  const negated = JSON.stringify(taken, (_name, value: unknown) => (typeof value === 'number' ? -value : value))
  addCounts(after, JSON.parse(negated) as WindowCounts)
  return after
}
