/**
 * What gates are judged from: integer counts that a judge adds up over sealed windows after warm-up. Votes beyond the
 * first of a unit are not in them. Adding two of them field by field is the evidence of both.
 */
export interface PairCounts {
  /** Compared pairs. A pair in which a leg failed is no vote here: the errors gate judges it. */
  readonly agreement: AgreementCounts
  /** Exchanges that have a shadow and a control: worse = only the shadow disagrees with the primary. */
  readonly belowNoise: PairedDifference
  /** Worse = only the shadow failed. */
  readonly errors: PairedDifference
  /** Worse = only the shadow was over the threshold. Empty until the threshold is chosen. */
  readonly latency: PairedDifference
  /** The same of the time to the first token, of streams; empty until its threshold is chosen. */
  readonly firstToken: PairedDifference
  /** Slower = the shadow took over `median_ratio` times the primary's latency, or failed where the primary did not. */
  readonly slowdown: SlowdownCounts
}

export interface AgreementCounts {
  readonly agree: number
  readonly disagree: number
}

/** A paired difference D of two yes-or-no outcomes: +1 worse, 0 same, -1 better for the candidate. */
export interface PairedDifference {
  readonly worse: number
  readonly same: number
  readonly better: number
}

export interface SlowdownCounts {
  readonly slower: number
  readonly notSlower: number
}

/**
 * Requests of clients, by the arm they were assigned to and the canary's routing probability at that moment. With a
 * sticky key only the first request of each key counts: all others follow it to its arm, so they are no votes of their
 * own, and one busy client would look like a broken split.
 */
export interface ArmCounts {
  readonly rho: number
  readonly canary: ArmOutcomes
  readonly primary: ArmOutcomes
}

export interface ArmOutcomes {
  readonly requests: number
  readonly errors: number
  /** Requests over the latency threshold, failed ones among them. */
  readonly slow: number
}

export const NO_PAIRS: PairCounts = {
  agreement: { agree: 0, disagree: 0 },
  belowNoise: { worse: 0, same: 0, better: 0 },
  errors: { worse: 0, same: 0, better: 0 },
  latency: { worse: 0, same: 0, better: 0 },
  firstToken: { worse: 0, same: 0, better: 0 },
  slowdown: { slower: 0, notSlower: 0 },
}
