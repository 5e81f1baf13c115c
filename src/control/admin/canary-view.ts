import { upcomingStep, type RolloutState } from '../../judge/rollout.ts'
import { canaryExperiment } from '../rollout-book.ts'
import type { ControlState } from '../state.ts'

/** The canary of a route as the API shows it. */
export interface CanaryView {
  readonly route: string
  readonly upstream: string
  /** In force on all threads. */
  readonly percent: number
  /** Whose verdict the rollout follows; null: the configuration has none for this canary. */
  readonly experiment: string | null
  readonly rollout: {
    readonly state: RolloutState['kind']
    /** Why a ramp is held, or what stopped it; null otherwise. */
    readonly why: string | null
    /** The percentage the ramp takes next, and the judged time without harm that it still needs; null: none by itself. */
    readonly next: { readonly percent: number; readonly inSeconds: number } | null
  }
}

/** null: there is no such route, or it has no canary. */
export function canaryView(state: ControlState, route: string): CanaryView | null {
  const { snapshot, rollouts } = state
  const canary = snapshot.routes.find(({ name }) => name === route)?.canary ?? null
  const rollout = rollouts.get(route)
  if (canary === null || rollout === null) return null
  const percent = upcomingStep(rollout, canary)
  const everyMs = canary.ramp?.everyMs ?? 0
  return {
    route,
    upstream: snapshot.upstreams[canary.upstream]?.name ?? '',
    percent: canary.percent,
    experiment: canaryExperiment(snapshot, route)?.id ?? null,
    rollout: {
      state: rollout.state.kind,
      why: whyOf(rollout.state),
      next: percent === null ? null : { percent, inSeconds: Math.ceil((everyMs - cleanMs(rollout.state)) / 1e3) },
    },
  }
}

function whyOf(state: RolloutState): string | null {
  if (state.kind === 'stopped') return state.reason
  return state.kind === 'held' ? state.why : null
}

function cleanMs(state: RolloutState): number {
  return state.kind === 'ramping' || state.kind === 'held' ? state.progress.cleanMs : 0
}
