import type { PairCounts, PairedDifference } from '../evidence/counts.ts'

/** An hour of seconds: more would hide that votes have begun to depend on each other. */
const BATCHES_KEPT = 3600

/** Mean badness of each second's votes, by gate: neighbours that go together are no independent evidence. */
export class BatchMeans {
  readonly #means: Record<string, number[]> = {}
  readonly #gates: ReadonlySet<string>

  /** `gates`: those that are declared. What nobody asks cannot make the evidence useless. */
  constructor(gates: Iterable<string>) {
    this.#gates = new Set(gates)
  }

  /** The votes of one more second, in order of arrival. */
  add({ agreement, errors, latency, slowdown }: PairCounts): void {
    this.#push('agreement', agreement.disagree, agreement.agree + agreement.disagree)
    this.#pushDifference('errors', errors)
    this.#pushDifference('latency', latency)
    this.#push('slowdown', slowdown.slower, slowdown.slower + slowdown.notSlower)
  }

  get all(): Readonly<Record<string, readonly number[]>> {
    return this.#means
  }

  #pushDifference(gate: string, { worse, same, better }: PairedDifference): void {
    this.#push(gate, worse - better, worse + same + better)
  }

  #push(gate: string, bad: number, votes: number): void {
    if (votes === 0 || !this.#gates.has(gate)) return
    const means = (this.#means[gate] ??= [])
    means.push(bad / votes)
    if (means.length > 2 * BATCHES_KEPT) means.splice(0, means.length - BATCHES_KEPT)
  }
}
