import { total } from '../../wire/total.ts'
import { OUTCOMES } from '../../wire/outcomes.ts'
import { gateUnit } from './figures.ts'
import type { PerformanceMetric } from './model-card.ts'
import type { ReportInput } from './report-input.ts'

/** Votes of gates; the rest of what is measured is over other exchanges. */
const JUDGED = 'pairs after warm-up'
const ALL_PAIRS = 'all pairs'

/** Every figure of the report: gates with their intervals in the unit of the margin, outcomes as shares, latencies in seconds. */
export function performanceMetrics(input: ReportInput): PerformanceMetric[] {
  return [...gateMetrics(input), ...outcomeMetrics(input), ...latencyMetrics(input)]
}

/** A gate without a vote has no estimate, and no metric. */
function gateMetrics({ look, plan }: ReportInput): PerformanceMetric[] {
  return look.gates.flatMap(({ id, estimate, interval: [lower, upper] }) => {
    if (estimate === null) return []
    const bounds = { lowerBound: String(lower), ...(upper === null ? {} : { upperBound: String(upper) }) }
    // Below the noise it is no share of agreement.
    const type = id === 'agreement' && gateUnit(id, plan.gates) === 'points' ? 'disagreement_over_noise' : id
    return [{ type, value: String(estimate), slice: JUDGED, confidenceInterval: bounds }]
  })
}

function outcomeMetrics({ counts: { outcomes } }: ReportInput): PerformanceMetric[] {
  const pairs = total(outcomes)
  if (pairs === 0) return []
  return OUTCOMES.map(outcome => ({
    type: `share_${outcome}`,
    value: String(outcomes[outcome] / pairs),
    slice: ALL_PAIRS,
  }))
}

function latencyMetrics({ latency }: ReportInput): PerformanceMetric[] {
  return (['primary', 'shadow'] as const).flatMap(leg => {
    const all = latency?.[leg].all ?? null
    if (all === null) return []
    const slice = `${ALL_PAIRS}, ${leg === 'shadow' ? 'candidate' : leg}`
    return (['p50', 'p90', 'p99'] as const).map(name => ({
      type: `latency_${name}_seconds`,
      value: String(all[name] / 1e6),
      slice,
    }))
  })
}
