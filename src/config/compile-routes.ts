import { canonicalJson, sha256Hex } from './canonical.ts'
import { headerRulesOf } from './compile-upstreams.ts'
import type { KeyPath, Report } from './problems.ts'
import type { RoutingFile } from './schema.ts'
import type {
  CanaryPlan,
  ComparePlan,
  ExperimentPlan,
  GatesPlan,
  MatchPlan,
  RoutePlan,
  ShadowPlan,
  VerdictPlan,
} from './snapshot.ts'
import { suggest } from './suggest.ts'

type RouteEntry = RoutingFile['routes'][number]
type ShadowEntry = RouteEntry['shadows'][number]

/** Routes with their upstreams as indexes, and one experiment for each shadow of each route. */
export function compileRoutes(
  file: RoutingFile,
  report: Report,
): { routes: RoutePlan[]; experiments: ExperimentPlan[] } {
  const resolver = upstreamResolver(file, report)
  const experiments: ExperimentPlan[] = []
  const routes = file.routes.map((route, index) => {
    const path = ['routes', index]
    const primary = resolver([...path, 'primary'], route.primary)
    checkRoles(path, route, report)
    const shadows = route.shadows.map((shadow, at): ShadowPlan => {
      const upstream = resolver([...path, 'shadows', at, 'upstream'], shadow.upstream)
      experiments.push(experimentOf(file, route, shadow))
      return { ...shadowOf(shadow), upstream, experiment: experiments.length - 1 }
    })
    const canary = canaryOf(path, route, resolver)
    return { name: route.name, match: matchOf(path, route, report), primary, canary, shadows }
  })
  reportDoubles(routes, report)
  return { routes, experiments }
}

/** Finds upstreams by name; -1, and a problem, when there is none. */
function upstreamResolver(file: RoutingFile, report: Report): (path: KeyPath, name: string) => number {
  const names = Object.keys(file.upstreams)
  return (path, name) => {
    const index = names.indexOf(name)
    if (index < 0) {
      const near = suggest(name, names)
      const hint = near === null ? `the upstreams are ${names.join(', ')}` : `did you mean \`${near}\`?`
      report(path, `there is no upstream \`${name}\``, hint)
    }
    return index
  }
}

function checkRoles(path: KeyPath, route: RouteEntry, report: Report): void {
  const twice = 'to test a version against itself, name its endpoints as a second upstream'
  if (route.canary?.upstream === route.primary) {
    report([...path, 'canary', 'upstream'], 'the canary is the primary', 'name the upstream of the new version')
  }
  const seen = new Set<string>()
  for (const [at, { upstream }] of route.shadows.entries()) {
    const where = [...path, 'shadows', at, 'upstream']
    if (upstream === route.primary) report(where, 'the shadow is the primary', twice)
    else if (seen.has(upstream))
      report(where, `\`${upstream}\` is already a shadow of this route`, 'remove one of the two')
    seen.add(upstream)
  }
}

function matchOf(path: KeyPath, { match }: RouteEntry, report: Report): MatchPlan {
  if (match.path !== null && match.prefix !== null) {
    report([...path, 'match', 'prefix'], 'a route matches a path or a prefix, not both', 'remove one of the two', 'key')
  }
  return { ...match, headers: Object.entries(match.headers) }
}

function canaryOf(
  path: KeyPath,
  { canary }: RouteEntry,
  resolver: ReturnType<typeof upstreamResolver>,
): CanaryPlan | null {
  if (canary === null) return null
  return { ...canary, upstream: resolver([...path, 'canary', 'upstream'], canary.upstream) }
}

function shadowOf(shadow: ShadowEntry): Omit<ShadowPlan, 'upstream' | 'experiment'> {
  return {
    percent: shadow.percent,
    key: shadow.key,
    timeoutMs: shadow.timeout,
    maxInFlight: shadow.max_in_flight,
    maxBodyBytes: shadow.max_body,
    methods: shadow.methods,
    headers: headerRulesOf(shadow.headers),
  }
}

/** The id changes with all that makes evidence another evidence: upstreams, versions, comparison, gates, margins. */
function experimentOf(file: RoutingFile, route: RouteEntry, shadow: ShadowEntry): ExperimentPlan {
  const party = (upstream: string) => ({ upstream, version: file.upstreams[upstream]?.version ?? null })
  const primary = party(route.primary)
  const candidate = party(shadow.upstream)
  const compare: ComparePlan | null = route.compare === 'off' ? null : route.compare
  const gates = gatesOf(route)
  const verdict = verdictOf(route)
  const digest = sha256Hex(canonicalJson({ primary, candidate, compare, gates, verdict })).slice(0, 8)
  return {
    id: `${route.name}.${shadow.upstream}.${digest}`,
    route: route.name,
    primary,
    candidate,
    inclusion: shadow.percent / 100,
    maxBodyBytes: shadow.max_body,
    compare,
    gates,
    verdict,
  }
}

function gatesOf({ gates, compare }: RouteEntry): GatesPlan {
  const { agreement, errors, latency, slowdown } = gates
  return {
    // Nothing is compared: nobody can ask whether it agrees.
    agreement: compare === 'off' ? null : agreement,
    errors: errors === null ? null : { maxIncrease: errors.max_increase },
    latency:
      latency === null
        ? null
        : {
            percentile: latency.percentile,
            maxIncrease: latency.max_increase,
            thresholdUs: latency.threshold === 'auto' ? null : latency.threshold * 1e3,
          },
    slowdown: slowdown === null ? null : { medianRatio: slowdown.median_ratio },
  }
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

function reportDoubles(routes: readonly RoutePlan[], report: Report): void {
  const names = new Set<string>()
  const byMatch = new Map<string, string>()
  for (const [index, route] of routes.entries()) {
    if (names.has(route.name)) {
      report(['routes', index, 'name'], `there is already a route \`${route.name}\``, 'give each route its own name')
    }
    names.add(route.name)
    const match = canonicalJson({
      ...route.match,
      methods: [...route.match.methods].sort(),
      headers: Object.fromEntries(route.match.headers),
    })
    const first = byMatch.get(match)
    if (first === undefined) byMatch.set(match, route.name)
    else {
      const hint = 'the first route that matches is taken: make this one differ, or remove it'
      report(['routes', index, 'match'], `never gets a request: route \`${first}\` matches the same`, hint, 'key')
    }
  }
}
