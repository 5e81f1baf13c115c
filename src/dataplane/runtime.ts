import {
  slowdownRatio,
  type ExperimentPlan,
  type PayloadKind,
  type RoutePlan,
  type ShadowPlan,
  type Snapshot,
  type UpstreamPlan,
} from '../config/snapshot.ts'
import { Spending, spendingKey, type SpendingMemory } from '../wire/spending.ts'
import { ArmCounters, type Counters, type MutableShadowCounters } from './counters.ts'
import type { DeadlineWheel } from './deadline-wheel.ts'
import { Ceilings } from './shadow/ceilings.ts'
import { ConnectionPace } from './shadow/connection-pace.ts'
import { readMergePatch, type MergePatch } from './shadow/merge-patch.ts'
import { ReachGate } from './shadow/reach-gate.ts'
import { Upstream } from './upstream/upstream.ts'

export interface RouteRuntime {
  readonly plan: RoutePlan
  readonly primary: Upstream
  readonly canary: Upstream | null
  readonly shadows: readonly ShadowRuntime[]
  readonly control: ShadowRuntime | null
  /** A sticky key, a sampling key or the unit is a field of the request body. */
  readonly keysInBody: boolean
  readonly arms: { readonly primary: ArmCounters; readonly canary: ArmCounters }
}

/** Which pairs go on with their bodies: equal answers say all there is to say by being equal. */
export type BodiesWanted = 'none' | 'where-answers-differ' | 'all'

export interface ShadowRuntime {
  readonly plan: ShadowPlan
  readonly role: 'shadow' | 'control'
  readonly upstream: Upstream
  readonly counters: MutableShadowCounters
  readonly gate: ReachGate
  readonly pace: ConnectionPace
  readonly ceilings: Ceilings | null
  readonly bodies: BodiesWanted
  /** Largest answer that is kept, bytes; 0: none is. */
  readonly captureBytes: number
  /** How much of a request a record can hold, bytes. */
  readonly recordedBytes: number
  readonly slowdownRatio: number
  /** How its answers are read; null: they are not. */
  readonly payload: PayloadKind | null
  /** `set_body`; null: the bodies of copies stay as they are. */
  readonly mergePatch: MergePatch | null
}

/**
 * A snapshot with what this thread needs to serve it: connections and counters. Exchanges keep the runtime they arrived
 * in; when it has been replaced and the last of them is gone, it lets go of its upstreams. The last one to do so closes them.
 */
export class Runtime {
  readonly snapshot: Snapshot
  readonly routes: readonly RouteRuntime[]
  readonly upstreams: ReadonlyMap<string, Upstream>
  /** Some route asks for a model. */
  readonly matchesModels: boolean
  /** Stands in for the route of requests that match none, or whose route hangs on a body that is not there yet. */
  readonly noRoute: RouteRuntime
  #users = 0
  #retired = false
  #done = false

  constructor(
    snapshot: Snapshot,
    predecessor: Runtime | null,
    counters: Counters,
    wheel: DeadlineWheel,
    spending: SpendingMemory,
  ) {
    this.snapshot = snapshot
    const upstreams = snapshot.upstreams.map(plan => takeOver(plan, predecessor) ?? new Upstream(plan, wheel))
    const arms = new Set(snapshot.routes.flatMap(({ primary, canary }) => [primary, canary?.upstream]))
    for (const [index, upstream] of upstreams.entries()) {
      upstream.hold()
      upstream.servesClients = arms.has(index)
    }
    this.upstreams = new Map(upstreams.map(upstream => [upstream.plan.name, upstream]))
    this.routes = snapshot.routes.map(plan => ({
      plan,
      primary: upstreams[plan.primary] as Upstream,
      canary: plan.canary === null ? null : (upstreams[plan.canary.upstream] as Upstream),
      keysInBody: [plan.canary?.sticky, plan.unit, ...plan.shadows.map(shadow => shadow.key)].some(
        key => key?.kind === 'json',
      ),
      shadows: plan.shadows.map(shadow => shadowRuntime(snapshot, plan, shadow, upstreams, counters, spending)),
      control: plan.control && shadowRuntime(snapshot, plan, plan.control, upstreams, counters, spending),
      arms: { primary: counters.arm(plan.name, 'primary'), canary: counters.arm(plan.name, 'canary') },
    }))
    this.matchesModels = snapshot.routes.some(({ match }) => match.model !== null)
    // Counters of its own, which nobody reads: what has no route is no answer of any arm.
    const uncounted = { primary: new ArmCounters('-', 'primary'), canary: new ArmCounters('-', 'canary') }
    this.noRoute = { ...(this.routes[0] as RouteRuntime), shadows: [], control: null, arms: uncounted }
  }

  get inUse(): boolean {
    return this.#users > 0
  }

  retain(): void {
    this.#users++
  }

  release(): void {
    this.#users--
    this.#letGoIfDone()
  }

  /** Another snapshot is in force. */
  retire(): void {
    this.#retired = true
    this.#letGoIfDone()
  }

  /** Closes all connections at once. */
  destroy(): void {
    for (const upstream of this.upstreams.values()) upstream.destroy()
  }

  #letGoIfDone(): void {
    if (!this.#retired || this.#users > 0 || this.#done) return
    this.#done = true
    for (const upstream of this.upstreams.values()) upstream.letGo()
  }
}

/** A cut may go through a character: so much more tells where it ends. */
const CUT_CHARACTER_BYTES = 4

function shadowRuntime(
  snapshot: Snapshot,
  route: RoutePlan,
  plan: ShadowPlan,
  upstreams: readonly Upstream[],
  counters: Counters,
  spending: SpendingMemory,
): ShadowRuntime {
  const upstream = upstreams[plan.upstream] as Upstream
  const bodies = bodiesWanted(snapshot, plan)
  const experiment = snapshot.experiments[plan.experiment] as ExperimentPlan
  const memory = spending.get(spendingKey(route.name, upstream.plan.name))
  return {
    plan,
    role: plan === route.control ? 'control' : 'shadow',
    upstream,
    counters: counters.shadow(route.name, upstream.plan.name),
    gate: new ReachGate(),
    pace: new ConnectionPace(),
    ceilings: plan.ceilings && new Ceilings(plan.ceilings, new Spending(memory)),
    bodies,
    captureBytes: bodies === 'none' ? 0 : plan.maxBodyBytes,
    slowdownRatio: slowdownRatio(experiment),
    payload: experiment.compare?.payload ?? null,
    mergePatch: plan.setBody === null ? null : readMergePatch(plan.setBody),
    recordedBytes: (snapshot.record?.maxBodyBytes ?? 0) + CUT_CHARACTER_BYTES,
  }
}

function bodiesWanted({ experiments, record }: Snapshot, plan: ShadowPlan): BodiesWanted {
  const recorded = record?.bodies ?? 'never'
  if (recorded === 'always') return 'all'
  const compared = experiments[plan.experiment]?.compare ?? null
  return compared === null && recorded === 'never' ? 'none' : 'where-answers-differ'
}

/** An upstream whose plan did not change keeps its connections. */
function takeOver(plan: UpstreamPlan, predecessor: Runtime | null): Upstream | null {
  const before = predecessor?.upstreams.get(plan.name)
  return before !== undefined && JSON.stringify(before.plan) === JSON.stringify(plan) ? before : null
}
