/** What became of the exchanges whose answers were to be compared, votes or not: all integers, all after warm-up. */
export interface CoverageCounts {
  /** Exchanges that could have been sampled, and those that were. */
  readonly eligible: number
  readonly sampled: number
  /** Sampled exchanges both legs of which have an outcome. */
  readonly paired: number
  readonly agree: number
  readonly disagree: number
  /**
   * Sampled exchanges of which nobody knows whether the answers agree, by reason: dropped, unpaired, or incomparable
   * (unless comparison is switched off: what nobody asked for is not lost).
   */
  readonly lost: Readonly<Record<string, number>>
}

export interface Coverage {
  /** Share of the sampled exchanges that were not lost, null when none was sampled. */
  readonly share: number | null
  /** The share that agrees if every lost exchange had disagreed, and if every one had agreed. */
  readonly bounds: readonly [lower: number, upper: number]
}

/**
 * Sampling is decided by a hash before any answer exists, so exchanges that were not sampled hide nothing: the bounds
 * are over those that were to be compared and either were or got lost.
 */
export function coverage(counts: CoverageCounts): Coverage {
  const lost = lostCount(counts)
  const asked = counts.agree + counts.disagree + lost
  return {
    share: counts.sampled === 0 ? null : Math.max(0, 1 - lost / counts.sampled),
    bounds: asked === 0 ? [0, 1] : [counts.agree / asked, (counts.agree + lost) / asked],
  }
}

export function lostCount(counts: CoverageCounts): number {
  let lost = 0
  for (const reason of Object.keys(counts.lost)) lost += counts.lost[reason] as number
  return lost
}

/** The reason most exchanges were lost for; null when none was. */
export function mainLoss(counts: CoverageCounts): string | null {
  let main: string | null = null
  let most = 0
  for (const reason of Object.keys(counts.lost).sort()) {
    const lost = counts.lost[reason] as number
    if (lost > most) {
      main = reason
      most = lost
    }
  }
  return main
}
