import type { ExperimentPlan } from '../../config/snapshot.ts'
import type { ExperimentReport } from '../../wire/messages.ts'
import { total } from '../../wire/total.ts'
import type { WindowCounts } from '../../wire/window.ts'
import type { ControlState } from '../state.ts'

/** How much of a disagreement is the primary's own: shares, 0..1, of the requests that had a shadow and a control. */
export interface NoiseView {
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
}

export interface FieldNoise {
  readonly path: string
  readonly kind: string
  readonly raw: number
  readonly noise: number
  readonly excess: number
}

/** null: the route of this candidate has no control. */
export function noiseView(state: ControlState, plan: ExperimentPlan, counts: WindowCounts): NoiseView | null {
  if (plan.role === 'control') return null
  const control = state.snapshot.experiments.find(({ role, route }) => role === 'control' && route === plan.route)
  if (control === undefined) return null
  const { noise } = counts
  const requests = total({ ...noise })
  const share = (votes: number): number | null => (requests === 0 ? null : votes / requests)
  return {
    control: control.id,
    requests,
    raw: share(noise.shadow + noise.both),
    noise: share(noise.control + noise.both),
    excess: share(noise.shadow - noise.control),
    fields: fieldNoise(state.report(plan.id), state.report(control.id)),
  }
}

function fieldNoise(shadow: ExperimentReport | null, control: ExperimentReport | null): FieldNoise[] {
  if (shadow === null) return []
  const fields = shadow.topFields.map(({ path, kind, count }) => {
    const same = control?.topFields.find(field => field.path === path && field.kind === kind)
    const raw = count / compared(shadow)
    const noise = control === null || same === undefined ? 0 : same.count / compared(control)
    return { path, kind, raw, noise, excess: raw - noise }
  })
  return fields.sort((a, b) => b.excess - a.excess)
}

function compared({ outcomes }: ExperimentReport): number {
  return Math.max(1, outcomes.agree + outcomes.disagree)
}
