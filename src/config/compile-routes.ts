import { canonicalJson, sha256Hex } from './canonical.ts'
import { comparePlanOf } from './compile-compare.ts'
import { headerRulesOf } from './compile-upstreams.ts'
import { formatKeySource } from './key-source.ts'
import type { KeyPath, Report } from './problems.ts'
import type { RoutingFile } from './schema.ts'
import { GATES_OF_ARMS, GATES_OF_PAIRS } from './schema/verdict.ts'
import type {
  CanaryPlan,
  ExperimentPlan,
  FieldPath,
  GatesPlan,
  KeySource,
  MatchPlan,
  RoutePlan,
  ShadowPlan,
  UnitPlan,
  VerdictPlan,
} from './snapshot.ts'
import { suggest } from './suggest.ts'
import { formatSize } from './units.ts'

/** Patching takes the data-plane thread 1 to 6 ms for a MiB (measured, on one core): clients must not wait longer for a copy. */
const PATCHED_BODY_BYTES = 4 * 1024 * 1024

type RouteEntry = RoutingFile['routes'][number]
type ShadowEntry = RouteEntry['shadows'][number]

/** Routes with their upstreams as indexes, and one experiment for each candidate of each route. */
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
    const first = experiments.length
    const candidates = candidatesOf(route)
    for (const candidate of candidates) experiments.push(experimentOf(file, route, candidate))
    const experiment = (upstream: string): number => first + candidates.findIndex(each => each.upstream === upstream)
    const shadows = route.shadows.map((shadow, at): ShadowPlan => {
      const upstream = resolver([...path, 'shadows', at, 'upstream'], shadow.upstream)
      checkSetBody([...path, 'shadows', at], shadow, report)
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

function checkAgreement(path: KeyPath, { gates, control }: RouteEntry, report: Report): void {
  const asked = gates?.agreement ?? null
  if (asked === null) return
  const where = [...path, 'gates', 'agreement']
  if ((asked.min === undefined) === (asked.below_noise === undefined)) {
    report(where, 'asks for neither or both of min and below_noise', 'give one of the two', 'key')
  } else if (asked.below_noise !== undefined && control === null) {
    report([...where, 'below_noise'], 'the noise is not measured', 'add a control: to the route', 'key')
  }
}

/** A gate that can never have evidence is never asked: what it was meant to guard would be promoted without it. */
function checkArmGates(path: KeyPath, { gates, canary }: RouteEntry, report: Report): void {
  if (canary !== null || gates === undefined) return
  for (const gate of ['canary_errors', 'canary_latency'] as const) {
    if (gates[gate] === null || gates[gate] === undefined) continue
    report([...path, 'gates', gate], 'the route has no canary', 'add a canary:, or remove the gate', 'key')
  }
}

/** Where the tokens of a stream are is read from its body. */
function checkFirstToken(path: KeyPath, { gates, compare }: RouteEntry, report: Report): void {
  if ((gates?.time_to_first_token ?? null) === null || compare !== 'off') return
  const where = [...path, 'gates', 'time_to_first_token']
  report(where, 'no stream is read: `compare` is off', 'remove the gate, or compare the answers', 'key')
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
  resolver: ReturnType<typeof upstreamResolver>,
  experiment: (upstream: string) => number,
  report: Report,
): CanaryPlan | null {
  const { canary } = route
  if (canary === null) return null
  const { percent, sticky, fallback, ramp } = canary
  if (ramp !== null) checkRamp([...path, 'canary'], percent, ramp.steps.at(-1) ?? 0, route, report)
  return {
    upstream: resolver([...path, 'canary', 'upstream'], canary.upstream),
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
    maxBodyBytes: shadow.max_body,
    methods: shadow.methods,
    headers: headerRulesOf(shadow.headers),
    path: shadow.path,
    setBody: setBodyOf(shadow),
  }
}

function setBodyOf({ set_body: patch }: ShadowEntry): string | null {
  return Object.keys(patch).length === 0 ? null : JSON.stringify(patch)
}

function checkSetBody(path: KeyPath, shadow: ShadowEntry, report: Report): void {
  if (setBodyOf(shadow) === null || shadow.max_body <= PATCHED_BODY_BYTES) return
  const limit = formatSize(PATCHED_BODY_BYTES)
  const hint = `\`set_body\` is applied on the threads that serve clients: set max_body to at most ${limit}, or leave set_body out`
  report([...path, 'max_body'], `must be at most ${limit} where there is a \`set_body\``, hint)
}

/** What may be promoted on a route, and where its evidence comes from: pairs, clients of the canary, or both. */
interface Candidate {
  readonly upstream: string
  readonly shadow: ShadowEntry | null
  readonly isCanary: boolean
}

function candidatesOf({ shadows, canary }: RouteEntry): Candidate[] {
  const candidates = shadows.map((shadow): Candidate => {
    return { upstream: shadow.upstream, shadow, isCanary: shadow.upstream === canary?.upstream }
  })
  const isShadowed = candidates.some(({ isCanary }) => isCanary)
  if (canary === null || isShadowed) return candidates
  return [...candidates, { upstream: canary.upstream, shadow: null, isCanary: true }]
}

/** The control gets what the first shadow gets, but for what is particular to a version. */
function controlOf(
  path: KeyPath,
  { control, primary, canary, shadows: entries }: RouteEntry,
  shadows: readonly ShadowPlan[],
  resolver: ReturnType<typeof upstreamResolver>,
  report: Report,
): Omit<ShadowPlan, 'experiment'> | null {
  const first = shadows[0]
  if (control === null) return null
  const where = [...path, 'control', 'upstream']
  const upstream = resolver(where, control.upstream)
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

/** The primary's version against itself: counted and shown, never judged. */
function controlExperiment(file: RoutingFile, route: RouteEntry): ExperimentPlan {
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
function experimentOf(file: RoutingFile, route: RouteEntry, { upstream, shadow, isCanary }: Candidate): ExperimentPlan {
  const party = (upstream: string) => ({ upstream, version: file.upstreams[upstream]?.version ?? null })
  const primary = party(route.primary)
  const candidate = party(upstream)
  const compare = route.compare === 'off' ? null : comparePlanOf(route.compare)
  const gates = gatesOf(route, shadow !== null, isCanary)
  const unit = route.unit === null ? null : unitOf(route.unit, file)
  const verdict = verdictOf(route)
  // Only where they are there: the ids of experiments without them stay what they were.
  const shape = shadow === null ? {} : { path: shadow.path ?? undefined, setBody: setBodyOf(shadow) ?? undefined }
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

function gatesOf({ gates, compare }: RouteEntry, isShadow: boolean, isCanary: boolean): GatesPlan {
  const pairs = gates ?? (isShadow ? GATES_OF_PAIRS : GATES_OF_ARMS)
  const { canary_errors, canary_latency } = gates ?? (isCanary ? GATES_OF_ARMS : GATES_OF_PAIRS)
  const { errors, latency, time_to_first_token, slowdown } = pairs
  return {
    // Nothing is compared: nobody can ask whether it agrees.
    agreement: compare === 'off' ? null : agreementOf(pairs.agreement),
    errors: errors === null ? null : { maxIncrease: errors.max_increase },
    latency: latency === null ? null : { ...latenessOf(latency), maxIncrease: latency.max_increase },
    timeToFirstToken:
      time_to_first_token === null
        ? null
        : { ...latenessOf(time_to_first_token), maxIncrease: time_to_first_token.max_increase },
    slowdown: slowdown === null ? null : { medianRatio: slowdown.median_ratio },
    canaryErrors: canary_errors === null ? null : ratiosOf(canary_errors),
    canaryLatency: canary_latency === null ? null : { ...latenessOf(canary_latency), ...ratiosOf(canary_latency) },
  }
}

/** That exactly one of the two is given was checked. */
function agreementOf(
  asked: { min?: number | undefined; below_noise?: number | undefined } | null,
): GatesPlan['agreement'] {
  if (asked?.min !== undefined) return { min: asked.min }
  return asked?.below_noise === undefined ? null : { belowNoise: asked.below_noise }
}

function latenessOf({ percentile, threshold }: { percentile: number; threshold: 'auto' | number }) {
  return { percentile, thresholdUs: threshold === 'auto' ? null : threshold * 1e3 }
}

function ratiosOf({ max_ratio, max_increase }: { max_ratio: number; max_increase: number }) {
  return { maxRatio: max_ratio, maxIncrease: max_increase }
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
