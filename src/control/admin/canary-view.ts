import { upcomingStep, type RolloutState } from '../../judge/rollout.ts'
import { canaryExperiment } from '../rollout-book.ts'
import type { ControlState } from '../state.ts'
import { isRecord } from '../../wire/read-window.ts'

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
  /** Who has set the percentage by hand; null: it is the file's or the rollout's, or the audit log has forgotten who. */
  readonly setBy: { readonly actor: string; readonly reason: string; readonly at: string } | null
}

/** As many changes back it is looked for. */
const AUDIT_ENTRIES_READ = 1_000

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
    setBy: rollout.state.kind === 'manual' && rollout.state.percent !== null ? lastSetBy(state, route) : null,
  }
}

function whyOf(state: RolloutState): string | null {
  if (state.kind === 'stopped') return state.reason
  return state.kind === 'held' ? state.why : null
}

function lastSetBy({ audit }: ControlState, route: string): CanaryView['setBy'] {
  for (const entry of audit.newest(AUDIT_ENTRIES_READ)) {
    if (!isRecord(entry) || entry['action'] !== 'canary_percent' || entry['route'] !== route) continue
    const { actor, reason, at } = entry
    return typeof actor === 'string' && typeof reason === 'string' && typeof at === 'string'
      ? { actor, reason, at }
      : null
  }
  return null
}

function cleanMs(state: RolloutState): number {
  return state.kind === 'ramping' || state.kind === 'held' ? state.progress.cleanMs : 0
}
