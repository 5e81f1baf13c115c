import type { CanaryPlan, ExperimentPlan, RoutePlan, Snapshot } from '../config/snapshot.ts'
import type { Documents } from '../judge/documents.ts'
import { readRollout } from '../judge/rollout-document.ts'
import { begin, configured, wantedPercent, type Rollout } from '../judge/rollout.ts'

const DOCUMENT = 'rollouts'
/** How much counted time a crash may cost: writing it at every look would be a write a second and canary. */
const PROGRESS_KEPT_MS = 10_000

/** A percentage that a new configuration has changed without anybody asking for it. */
export interface RampRestart {
  readonly route: string
  readonly before: number
  readonly after: number
  readonly reason: string
}

/**
 * The rollouts of all canaries by route, kept as a document. A rollout wants a percentage; the snapshot in force has it
 * once the reloader has been told.
 */
export class RolloutBook {
  /** What was stored and could not be read, in words. */
  readonly ignored: readonly string[]
  readonly #documents: Documents
  readonly #rollouts = new Map<string, Rollout>()
  /** As they are in the document. */
  readonly #kept = new Map<string, Rollout>()

  constructor(documents: Documents) {
    this.#documents = documents
    const ignored: string[] = []
    for (const [route, value] of Object.entries(documents.get(DOCUMENT) ?? {})) {
      const rollout = readRollout(value)
      if (rollout !== null) this.#rollouts.set(route, rollout)
      else ignored.push(`the rollout of route ${route}`)
    }
    this.ignored = ignored
  }

  get(route: string): Rollout | null {
    return this.#rollouts.get(route) ?? null
  }

  set(route: string, rollout: Rollout): void {
    this.#rollouts.set(route, rollout)
    if (!isNearlySame(this.#kept.get(route), rollout)) this.save()
  }

  /** Writes what is not written yet. */
  save(): void {
    this.#kept.clear()
    for (const [route, rollout] of this.#rollouts) this.#kept.set(route, rollout)
    this.#documents.set(DOCUMENT, Object.fromEntries(this.#rollouts))
  }

  /**
   * Takes up a configuration as it was loaded, with the file's percentages: new canaries begin, ramps of new experiments
   * begin anew, canaries that are gone forget everything but a percentage set by hand.
   * @returns it with the percentages the rollouts want, and what that changed.
   */
  configure(loaded: Snapshot): { readonly snapshot: Snapshot; readonly restarts: readonly RampRestart[] } {
    const restarts: RampRestart[] = []
    this.#forgetAllBut(new Set(loaded.routes.filter(({ canary }) => canary !== null).map(({ name }) => name)))
    for (const route of loaded.routes) {
      if (route.canary !== null) this.#configure(loaded, route, route.canary, restarts)
    }
    this.save()
    return { snapshot: this.inForce(loaded), restarts }
  }

  /** The configuration with the percentages the rollouts want. */
  inForce(snapshot: Snapshot): Snapshot {
    const routes = snapshot.routes.map(route => {
      const rollout = this.get(route.name)
      if (route.canary === null || rollout === null) return route
      return { ...route, canary: { ...route.canary, percent: wantedPercent(rollout, route.canary.percent) } }
    })
    return { ...snapshot, routes }
  }

  /** Where a percentage that is not a ramp's stays although the file, as it was loaded, has another one: a line each. */
  keptAgainst(loaded: Snapshot): string[] {
    return loaded.routes.flatMap(({ name, canary }) => {
      const rollout = this.get(name)
      if (canary === null || rollout === null) return []
      const { kind } = rollout.state
      const percent = wantedPercent(rollout, canary.percent)
      if (percent === canary.percent || (kind !== 'manual' && kind !== 'stopped')) return []
      const why = kind === 'manual' ? 'set by hand' : 'set by a ROLLBACK'
      return [`route ${name}: the file says ${canary.percent} percent, the ${percent} ${why} stays`]
    })
  }

  #configure(loaded: Snapshot, { name }: RoutePlan, canary: CanaryPlan, restarts: RampRestart[]): void {
    const experiment = canaryExperiment(loaded, name)?.id ?? null
    const earlier = this.get(name)
    if (earlier === null) {
      this.#rollouts.set(name, begin(canary, experiment))
      return
    }
    const { rollout, reason } = configured(earlier, canary, experiment)
    this.#rollouts.set(name, rollout)
    const [before, after] = [earlier, rollout].map(each => wantedPercent(each, canary.percent)) as [number, number]
    if (reason !== null && before !== after) restarts.push({ route: name, before, after, reason })
  }

  #forgetAllBut(routes: ReadonlySet<string>): void {
    for (const [route, { state }] of this.#rollouts) {
      if (routes.has(route)) continue
      const isSetByHand = state.kind === 'manual' && state.percent !== null
      if (isSetByHand) this.#rollouts.set(route, { experiment: null, state, overruled: null })
      else this.#rollouts.delete(route)
    }
  }
}

/** The experiment whose verdict the canary of this route follows: the one with the canary's upstream as candidate. */
export function canaryExperiment(snapshot: Snapshot, route: string): ExperimentPlan | null {
  const canary = snapshot.routes.find(({ name }) => name === route)?.canary ?? null
  const upstream = canary === null ? undefined : snapshot.upstreams[canary.upstream]?.name
  return snapshot.experiments.find(each => each.route === route && each.candidate.upstream === upstream) ?? null
}

/** Apart from the time counted for a step. */
function isNearlySame(kept: Rollout | undefined, rollout: Rollout): boolean {
  if (kept === undefined || kept.experiment !== rollout.experiment || kept.overruled !== rollout.overruled) return false
  const [a, b] = [kept.state, rollout.state]
  if (a.kind === 'ramping' && b.kind === 'ramping') {
    return a.percent === b.percent && Math.abs(b.progress.cleanMs - a.progress.cleanMs) < PROGRESS_KEPT_MS
  }
  if (a.kind === 'held' && b.kind === 'held') return a.percent === b.percent && a.why === b.why
  return a === b
}
