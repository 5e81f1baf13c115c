import type { PairCounts, PairedDifference } from '../evidence/counts.ts'

/** An hour of seconds: more would hide that votes have begun to depend on each other. */
export const BATCHES_KEPT = 3600

/** What is kept of one gate: the newest means, oldest first, and how many there ever were. */
export interface GateMeans {
  readonly newest: readonly number[]
  readonly ever: number
}

/** Mean badness of each second's votes, by gate: neighbours that go together are no independent evidence. */
export class BatchMeans {
  readonly #means: Record<string, number[]> = {}
  readonly #ever: Record<string, number> = {}
  readonly #gates: ReadonlySet<string>

  /** `gates`: those that are declared. What nobody asks cannot make the evidence useless. `kept`: what `kept` gave. */
  constructor(gates: Iterable<string>, kept: Readonly<Record<string, GateMeans>> = {}) {
    this.#gates = new Set(gates)
    for (const [gate, { newest, ever }] of Object.entries(kept)) {
      this.#means[gate] = [...newest]
      this.#ever[gate] = ever
    }
  }

  /** The votes of one more second, in order of arrival. */
  add({ agreement, errors, latency, firstToken, slowdown }: PairCounts): void {
    this.#push('agreement', agreement.disagree, agreement.agree + agreement.disagree)
    this.#pushDifference('errors', errors)
    this.#pushDifference('latency', latency)
    this.#pushDifference('time_to_first_token', firstToken)
    this.#push('slowdown', slowdown.slower, slowdown.slower + slowdown.notSlower)
  }

  get all(): Readonly<Record<string, readonly number[]>> {
    return this.#means
  }

  /** What a restart needs to go on as if nothing had happened. */
  get kept(): Readonly<Record<string, GateMeans>> {
    const entries = Object.entries(this.#means)
    return Object.fromEntries(entries.map(([gate, newest]) => [gate, { newest, ever: this.#ever[gate] ?? 0 }]))
  }

  #pushDifference(gate: string, { worse, same, better }: PairedDifference): void {
    this.#push(gate, worse - better, worse + same + better)
  }

  #push(gate: string, bad: number, votes: number): void {
    if (votes === 0 || !this.#gates.has(gate)) return
    const means = (this.#means[gate] ??= [])
    means.push(bad / votes)
    // Exactly so many, not in blocks: the judge must not depend on when it was started.
    if (means.length > BATCHES_KEPT) means.shift()
    this.#ever[gate] = (this.#ever[gate] ?? 0) + 1
  }
}
