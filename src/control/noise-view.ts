import type { ExperimentPlan } from '../config/snapshot.ts'
import { noiseFigures, type NoiseFigures } from '../judge/noise.ts'
import type { WindowCounts } from '../wire/window.ts'
import type { ControlState } from './state.ts'

/** null: the route of this candidate has no control. */
export function noiseView(state: ControlState, plan: ExperimentPlan, counts: WindowCounts): NoiseFigures | null {
  if (plan.role === 'control') return null
  const control = state.snapshot.experiments.find(({ role, route }) => role === 'control' && route === plan.route)
  if (control === undefined) return null
  const [shadow, own] = [state.report(plan.id), state.report(control.id)]
  return noiseFigures(control.id, { votes: counts.noise, shadow, control: own })
}
