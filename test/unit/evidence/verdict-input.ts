import { NO_PAIRS, type PairCounts } from '../../../src/evidence/counts.ts'
import type { CoverageCounts } from '../../../src/evidence/coverage.ts'
import { evaluateGates, type DeclaredGate } from '../../../src/evidence/declared-gates.ts'
import { FIRST_LOOK, type VerdictInput, type VerdictSettings } from '../../../src/evidence/verdict.ts'

export const ALPHA = { rollback: 0.01, promote: 0.05 }

export const SETTINGS: VerdictSettings = {
  minPairs: 500,
  minDurationMs: 600_000,
  maxDurationMs: 86_400_000,
  warmUpMs: 60_000,
  leastCoverage: 0.98,
}

export const DEFAULT_GATES: readonly DeclaredGate[] = [
  { gate: 'agreement', min: 0.99 },
  { gate: 'errors', maxIncrease: 0.002 },
  { gate: 'latency', maxIncrease: 0.005 },
]

export const NO_COVERAGE: CoverageCounts = { eligible: 0, sampled: 0, paired: 0, agree: 0, disagree: 0, lost: {} }

/** `n` pairs of an honest candidate: all agree, nothing fails, as many slow answers on either side. */
export function honestPairs(n: number): PairCounts {
  const same = { worse: 0, same: n, better: 0 }
  return { ...NO_PAIRS, agreement: { agree: n, disagree: 0 }, errors: same, latency: same }
}

/** `n` sampled exchanges, `agree` of which agreed, the rest of which disagreed or was lost under load. */
export function covered(n: number, agree: number, lost = 0): CoverageCounts {
  return { eligible: n, sampled: n, paired: n - lost, agree, disagree: n - agree - lost, lost: { in_flight: lost } }
}

/** A look at `n` honest pairs an hour into an experiment, changed as told. */
export function look(n: number, changes: Partial<VerdictInput> & { counts?: PairCounts } = {}): VerdictInput {
  const { counts = honestPairs(n), ...rest } = changes
  return {
    settings: SETTINGS,
    gates: evaluateGates(DEFAULT_GATES, counts, [], ALPHA),
    sampleRatio: null,
    pairs: n,
    canaryRequests: 0,
    elapsedMs: 3_600_000,
    coverage: covered(n, n),
    comparator: { pairs: n, failed: 0 },
    settingsChanged: false,
    agreementAsked: 0.99,
    batchMeans: {},
    loopLagUs: 0,
    latencyMarginUs: 250_000,
    memory: FIRST_LOOK,
    ...rest,
  }
}
