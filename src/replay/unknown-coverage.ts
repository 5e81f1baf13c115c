import { percent } from '../evidence/words.ts'
import type { Look } from '../judge/experiment-judge.ts'

/**
 * A look at pairs alone, which cannot say what was dropped: where the plan asks for coverage, it is no PROMOTE.
 * `leastCoverage`: of the plan, 0 to 1.
 */
export function withUnknownCoverage(look: Look, leastCoverage: number): Look {
  const { verdict, reason, memory } = look.decision
  if (verdict !== 'PROMOTE' || leastCoverage === 0) return look
  const unknown = `coverage is unknown without window records, at least ${percent(leastCoverage)} asked`
  return {
    ...look,
    decision: { verdict: 'CONTINUE', code: 'low_coverage', reason: `${unknown}; otherwise ${reason}`, memory },
  }
}
