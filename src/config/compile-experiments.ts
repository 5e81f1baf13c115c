import { canonicalJson, sha256Hex } from './canonical.ts'
import { comparePlanOf } from './compile-compare.ts'
import { gatesOf } from './compile-gates.ts'
import { formatKeySource } from './key-source.ts'
import type { RouteEntry, RoutingFile, ShadowEntry } from './schema.ts'
import type { ExperimentPlan, FieldPath, KeySource, UnitPlan, VerdictPlan } from './snapshot.ts'

/** What may be promoted on a route, and where its evidence comes from: pairs, clients of the canary, or both. */
export interface Candidate {
  readonly upstream: string
  readonly shadow: ShadowEntry | null
  readonly isCanary: boolean
}

/** The shadows, and the canary where it is none of them. */
export function candidatesOf({ shadows, canary }: RouteEntry): Candidate[] {
  const candidates = shadows.map((shadow): Candidate => {
    return { upstream: shadow.upstream, shadow, isCanary: shadow.upstream === canary?.upstream }
  })
  const isShadowed = candidates.some(({ isCanary }) => isCanary)
  if (canary === null || isShadowed) return candidates
  return [...candidates, { upstream: canary.upstream, shadow: null, isCanary: true }]
}

/** The primary's version against itself: counted and shown, never judged. */
export function controlExperiment(file: RoutingFile, route: RouteEntry): ExperimentPlan {
  const upstream = route.control?.upstream ?? ''
  const first = route.shadows[0]
  const shadow = first === undefined ? null : { ...first, path: null, set_body: {} }
  const asked = experimentOf(file, route, { upstream, shadow, isCanary: false })
  const gates = {
    agreement: null,
    errors: null,
    latency: null,
    timeToFirstToken: null,
    slowdown: null,
    canaryErrors: null,
    canaryLatency: null,
  }
  return { ...asked, role: 'control', inclusion: asked.inclusion * ((route.control?.percent ?? 0) / 100), gates }
}

/** The id changes with all that makes evidence another evidence: upstreams, versions, what copies ask, comparison, gates. */
export function experimentOf(
  file: RoutingFile,
  route: RouteEntry,
  { upstream, shadow, isCanary }: Candidate,
): ExperimentPlan {
  const party = (upstream: string) => ({ upstream, version: file.upstreams[upstream]?.version ?? null })
  const primary = party(route.primary)
  const candidate = party(upstream)
  const compare = route.compare === 'off' ? null : comparePlanOf(route.compare)
  const gates = gatesOf(route, shadow !== null, isCanary)
  const unit = route.unit === null ? null : unitOf(route.unit, file)
  const verdict = verdictOf(route)
  // Only where they are there: the ids of experiments without them stay what they were.
  const shape =
    shadow === null
      ? {}
      : {
          path: shadow.path ?? undefined,
          setBody: setBodyOf(shadow) ?? undefined,
          websockets: shadow.websockets || undefined,
        }
  const asked = { ...gates, timeToFirstToken: gates.timeToFirstToken ?? undefined }
  const settings = { primary, candidate, unit: unit?.source ?? null, compare, gates: asked, verdict, ...shape }
  const digest = sha256Hex(canonicalJson(settings)).slice(0, 8)
  return {
    id: `${route.name}.${upstream}.${digest}`,
    route: route.name,
    role: 'candidate',
    primary,
    candidate,
    inclusion: (shadow?.percent ?? 0) / 100,
    maxBodyBytes: shadow?.max_body ?? 0,
    unit,
    compare,
    gates,
    verdict,
  }
}

function unitOf(source: KeySource, { record }: RoutingFile): UnitPlan {
  const rules = record === 'off' ? [] : record.redact
  const hides = (name: string): boolean => rules.some(rule => 'header' in rule && rule.header === name)
  const text = formatKeySource(source)
  switch (source.kind) {
    case 'header':
      return { source: text, isRedacted: hides(source.name) }
    case 'cookie':
      return { source: text, isRedacted: hides('cookie') }
    case 'json':
      return { source: text, isRedacted: rules.some(rule => 'path' in rule && covers(rule.path, source.path)) }
    default:
      return { source: text, isRedacted: false }
  }
}

/** Whether a redaction of `rule` redacts the field at `path`: it is the same, or above it. */
function covers(rule: FieldPath, path: FieldPath): boolean {
  if (rule.length > path.length) return false
  return rule.every((step, at) => {
    const own = path[at]
    return typeof step === 'object' || (typeof own !== 'object' && String(step) === String(own))
  })
}

/** JSON of the patch for the bodies of copies; null: there is none. */
export function setBodyOf({ set_body: patch }: ShadowEntry): string | null {
  return Object.keys(patch).length === 0 ? null : JSON.stringify(patch)
}

function verdictOf({ verdict }: RouteEntry): VerdictPlan {
  return {
    alphaRollback: verdict.alpha.rollback,
    alphaPromote: verdict.alpha.promote,
    warmUpMs: verdict.warm_up,
    minPairs: verdict.min_pairs,
    minDurationMs: verdict.min_duration,
    maxDurationMs: verdict.max_duration,
    coverage: verdict.coverage,
  }
}
