import { canonicalJson } from './canonical.ts'
import { candidatesOf, controlExperiment, experimentOf, setBodyOf } from './compile-experiments.ts'
import { checkAgreement, checkAnyGate, checkArmGates, checkFirstToken, gatesOf } from './compile-gates.ts'
import { headerRulesOf } from './compile-upstreams.ts'
import type { KeyPath, Report } from './problems.ts'
import type { RouteEntry, RoutingFile, ShadowEntry } from './schema.ts'
import type { CanaryPlan, CeilingsPlan, ExperimentPlan, MatchPlan, RoutePlan, ShadowPlan } from './snapshot.ts'
import { suggest } from './suggest.ts'
import { formatSize } from './units.ts'

/** Patching takes the data-plane thread 1 to 6 ms for a MiB (measured, on one core): clients must not wait longer for a copy. */
const PATCHED_BODY_BYTES = 4 * 1024 * 1024

/** Routes with their upstreams as indexes, and one experiment for each candidate of each route. */
export function compileRoutes(
  file: RoutingFile,
  report: Report,
): { routes: RoutePlan[]; experiments: ExperimentPlan[] } {
  const resolver = upstreamResolver(file, report)
  const experiments: ExperimentPlan[] = []
  const routes = file.routes.map((route, index) => {
    const path = ['routes', index]
    const names = namesIn(route)
    const primary = resolver([...path, 'primary'], route.primary, [...names.candidates, ...names.control])
    checkRoles(path, route, report)
    const first = experiments.length
    const candidates = candidatesOf(route)
    for (const candidate of candidates) experiments.push(experimentOf(file, route, candidate))
    const experiment = (upstream: string): number => first + candidates.findIndex(each => each.upstream === upstream)
    const shadows = route.shadows.map((shadow, at): ShadowPlan => {
      const others = route.shadows.filter(each => each !== shadow).map(each => each.upstream)
      const taken = [route.primary, ...names.control, ...others]
      const upstream = resolver([...path, 'shadows', at, 'upstream'], shadow.upstream, taken)
      checkSetBody([...path, 'shadows', at], shadow, report)
      checkWebSockets([...path, 'shadows', at], shadow, report)
      return { ...shadowOf(shadow), upstream, experiment: experiment(shadow.upstream) }
    })
    const canary = canaryOf(path, route, resolver, experiment, report)
    const control = controlOf(path, route, shadows, resolver, report)
    if (control !== null) experiments.push(controlExperiment(file, route))
    const { name, unit } = route
    return {
      name,
      match: matchOf(path, route, report),
      primary,
      canary,
      shadows,
      control: control === null ? null : { ...control, experiment: experiments.length - 1 },
      unit,
    }
  })
  reportDoubles(routes, report)
  return { routes, experiments }
}

/** What a route names beside its primary. A canary may be a shadow too. */
function namesIn({ shadows, canary, control }: RouteEntry) {
  return {
    candidates: [...shadows, ...(canary === null ? [] : [canary])].map(({ upstream }) => upstream),
    control: control === null ? [] : [control.upstream],
  }
}

type Resolver = (path: KeyPath, name: string, taken: readonly string[]) => number

/**
 * Finds upstreams by name; -1, and a problem, when there is none. `taken`: what the route names in another place, and
 * cannot be meant here.
 */
function upstreamResolver(file: RoutingFile, report: Report): Resolver {
  const names = Object.keys(file.upstreams)
  return (path, name, taken) => {
    const index = names.indexOf(name)
    if (index < 0) {
      const near = suggest(
        name,
        names.filter(each => !taken.includes(each)),
      )
      const hint = near === null ? `the upstreams are ${names.join(', ')}` : `did you mean \`${near}\`?`
      report(path, `there is no upstream \`${name}\``, hint)
    }
    return index
  }
}

function checkRoles(path: KeyPath, route: RouteEntry, report: Report): void {
  checkAnyGate(path, route, report)
  checkAgreement(path, route, report)
  checkArmGates(path, route, report)
  checkFirstToken(path, route, report)
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
  route: RouteEntry,
  resolver: Resolver,
  experiment: (upstream: string) => number,
  report: Report,
): CanaryPlan | null {
  const { canary } = route
  if (canary === null) return null
  const { percent, sticky, fallback, ramp } = canary
  if (ramp !== null) checkRamp([...path, 'canary'], percent, ramp.steps.at(-1) ?? 0, route, report)
  return {
    upstream: resolver([...path, 'canary', 'upstream'], canary.upstream, [route.primary, ...namesIn(route).control]),
    experiment: experiment(canary.upstream),
    percent,
    sticky,
    fallback,
    ramp: ramp === null ? null : { steps: ramp.steps, everyMs: ramp.every, when: ramp.when },
    onRollback: canary.on_rollback,
  }
}

function checkRamp(path: KeyPath, percent: number, last: number, route: RouteEntry, report: Report): void {
  if (percent > last) {
    report([...path, 'percent'], 'is over the last step of the ramp', 'start at or below it, or remove the ramp')
  }
  const isShadow = route.shadows.some(({ upstream }) => upstream === route.canary?.upstream)
  const { canaryErrors, canaryLatency, ...ofPairs } = gatesOf(route, isShadow, true)
  // Without a shadow there are no pairs: their gates say nothing, and the ramp would wait for ever.
  const asked = [canaryErrors, canaryLatency, ...(isShadow ? Object.values(ofPairs) : [])]
  if (asked.every(gate => gate === null)) {
    const hint = isShadow ? 'declare one in `gates`' : 'declare canary_errors or canary_latency in `gates`'
    report([...path, 'ramp'], 'needs a gate: without one no harm ever shows', hint, 'key')
  }
}

function shadowOf(shadow: ShadowEntry): Omit<ShadowPlan, 'upstream' | 'experiment'> {
  return {
    percent: shadow.percent,
    key: shadow.key,
    timeoutMs: shadow.timeout,
    maxInFlight: shadow.max_in_flight,
    ceilings: ceilingsOf(shadow),
    maxBodyBytes: shadow.max_body,
    methods: shadow.methods,
    headers: headerRulesOf(shadow.headers),
    path: shadow.path,
    setBody: setBodyOf(shadow),
    websockets: shadow.websockets,
  }
}

function ceilingsOf({ ceilings }: ShadowEntry): CeilingsPlan | null {
  const { per_second: perSecond, per_day: perDay, bytes_per_day: bytesPerDay } = ceilings
  const isUnlimited = perSecond === null && perDay === null && bytesPerDay === null
  return isUnlimited ? null : { perSecond, perDay, bytesPerDay }
}

/** A handshake is a GET. */
function checkWebSockets(path: KeyPath, { websockets, methods }: ShadowEntry, report: Report): void {
  if (!websockets || methods.includes('GET')) return
  report(
    [...path, 'websockets'],
    'copies nothing where `methods` has no GET',
    'add GET to methods, or remove websockets',
  )
}

function checkSetBody(path: KeyPath, shadow: ShadowEntry, report: Report): void {
  if (setBodyOf(shadow) === null || shadow.max_body <= PATCHED_BODY_BYTES) return
  const limit = formatSize(PATCHED_BODY_BYTES)
  const hint = `\`set_body\` is applied on the threads that serve clients: set max_body to at most ${limit}, or leave set_body out`
  report([...path, 'max_body'], `must be at most ${limit} where there is a \`set_body\``, hint)
}

/** The control gets what the first shadow gets, but for what is particular to a version. */
function controlOf(
  path: KeyPath,
  route: RouteEntry,
  shadows: readonly ShadowPlan[],
  resolver: Resolver,
  report: Report,
): Omit<ShadowPlan, 'experiment'> | null {
  const { control, primary, canary, shadows: entries } = route
  const first = shadows[0]
  if (control === null) return null
  const where = [...path, 'control', 'upstream']
  const upstream = resolver(where, control.upstream, [primary, ...namesIn(route).candidates])
  if (control.upstream === primary) {
    report(where, 'the control is the primary', 'name the endpoints of a second deployment of it as an upstream')
  } else if (entries.some(entry => entry.upstream === control.upstream)) {
    report(where, `\`${control.upstream}\` is a shadow of this route`, 'the control runs the version of the primary')
  } else if (control.upstream === canary?.upstream) {
    report(where, `\`${control.upstream}\` is the canary of this route`, 'the control runs the version of the primary')
  }
  if (first === undefined) {
    report([...path, 'control'], 'there is no shadow to measure the noise for', 'add a shadow, or remove it', 'key')
    return null
  }
  return { ...first, upstream, percent: control.percent, key: { kind: 'request' }, path: null, setBody: null }
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
