import type { ExperimentReport } from '../wire/messages.ts'
import { total } from '../wire/total.ts'
import type { Noise } from '../wire/window.ts'

/** How much of a disagreement is the primary's own: shares, 0..1, of the requests that had a shadow and a control. */
export interface NoiseFigures {
  /** The experiment of the control. */
  readonly control: string
  /** Requests that had both, compared. */
  readonly requests: number
  /** In which the shadow disagrees with the primary, the control does, and the difference; null without requests. */
  readonly raw: number | null
  readonly noise: number | null
  readonly excess: number | null
  /** The same by field, of all compared pairs of the shadow and of the control; the largest excess first. */
  readonly fields: readonly FieldNoise[]
  /** The same of what comparators measured: means over the pairs that were measured, in the unit of each metric. */
  readonly metrics: readonly MetricNoise[]
}

export interface FieldNoise {
  readonly path: string
  readonly kind: string
  readonly raw: number
  readonly noise: number
  readonly excess: number
}

/** Answers with equal bytes are not measured. */
export interface MetricNoise {
  readonly metric: string
  readonly raw: MeasuredMean
  /** null: no pair of the control was measured. */
  readonly noise: MeasuredMean | null
  readonly excess: number | null
}

interface MeasuredMean {
  readonly pairs: number
  readonly mean: number
}

interface Seen {
  readonly votes: Noise
  /** Since the analysis thread started; null before there is a pair. */
  readonly shadow: ExperimentReport | null
  readonly control: ExperimentReport | null
}

export function noiseFigures(control: string, seen: Seen): NoiseFigures {
  const { votes } = seen
  const requests = total({ ...votes })
  const share = (part: number): number | null => (requests === 0 ? null : part / requests)
  return {
    control,
    requests,
    raw: share(votes.shadow + votes.both),
    noise: share(votes.control + votes.both),
    excess: share(votes.shadow - votes.control),
    fields: seen.shadow === null ? [] : fieldNoise(seen.shadow, seen.control),
    metrics: seen.shadow === null ? [] : metricNoise(seen.shadow, seen.control),
  }
}

function fieldNoise(shadow: ExperimentReport, control: ExperimentReport | null): FieldNoise[] {
  const fields = shadow.topFields.map(({ path, kind, count }) => {
    const same = control?.topFields.find(field => field.path === path && field.kind === kind)
    const raw = count / compared(shadow)
    const noise = control === null || same === undefined ? 0 : same.count / compared(control)
    return { path, kind, raw, noise, excess: raw - noise }
  })
  return fields.sort((a, b) => b.excess - a.excess)
}

function metricNoise(shadow: ExperimentReport, control: ExperimentReport | null): MetricNoise[] {
  return Object.entries(shadow.metrics).map(([metric, sums]) => {
    const raw = meanOf(sums)
    const same = control?.metrics[metric]
    const noise = same === undefined ? null : meanOf(same)
    return { metric, raw, noise, excess: noise === null ? null : raw.mean - noise.mean }
  })
}

function meanOf({ count, sum }: ExperimentReport['metrics'][string]): MeasuredMean {
  return { pairs: count, mean: sum / count }
}

function compared({ outcomes }: ExperimentReport): number {
  return Math.max(1, outcomes.agree + outcomes.disagree)
}
