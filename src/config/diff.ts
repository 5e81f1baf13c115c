import { canonicalJson } from './canonical.ts'
import { formatKeySource } from './key-source.ts'
import type { CanaryPlan, ExperimentPlan, RoutePlan, Snapshot, UpstreamPlan } from './snapshot.ts'
import { formatAddress, formatDuration, formatSize } from './units.ts'

/** What a reload changed, one plain line each, for the log. Values that may be secrets are named, not shown. */
export function describeChanges(before: Snapshot, after: Snapshot): string[] {
  return [
    ...restartNeeded(before, after),
    ...describeCertificates(before, after),
    ...describeLimits(before, after),
    ...describeNamed('upstream', before.upstreams, after.upstreams, describeUpstream),
    ...describeNamed('route', before.routes, after.routes, (a, b) => describeRoute(before, a, after, b)),
    ...describeOrder(before.routes, after.routes),
    ...describeBlocks(before, after),
  ]
}

/** Changes that only take effect in a new process; a reload must refuse or ignore them. */
export function restartNeeded(before: Snapshot, after: Snapshot): string[] {
  const lines = [
    change('listen: address', formatAddress(before.listen), formatAddress(after.listen)),
    change('listen: threads', before.listen.threads, after.listen.threads),
    changed('listen: tls', tlsKind(before), tlsKind(after)),
    change('admin: address', formatAddress(before.admin), formatAddress(after.admin)),
    changed('admin: token', before.admin.token, after.admin.token),
    change('state: dir', before.state.dir ?? 'none', after.state.dir ?? 'none'),
  ]
  return lines.flat().map(line => `${line} (needs a restart)`)
}

/** What of the listener's TLS is fixed at its start: whether there is any, and whether clients need a certificate. */
function tlsKind({ listen }: Snapshot): { clientAuth: boolean } | null {
  return listen.tls === null ? null : { clientAuth: listen.tls.clientAuth }
}

/** A renewed certificate is taken up by new connections. */
function describeCertificates(before: Snapshot, after: Snapshot): string[] {
  if (before.listen.tls === null || after.listen.tls === null) return []
  return changed('listen: tls certificates', before.listen.tls, after.listen.tls)
}

function describeLimits(before: Snapshot, after: Snapshot): string[] {
  const [a, b] = [before.limits, after.limits]
  return [
    change('limits: body', formatSize(a.bodyBytes), formatSize(b.bodyBytes)),
    change('limits: headers', formatSize(a.headersBytes), formatSize(b.headersBytes)),
    change('limits: connections', a.connections, b.connections),
    change('limits: in_flight', a.inFlight, b.inFlight),
    change('limits: busy', a.busyShare * 100, b.busyShare * 100),
    change('limits: request', formatDuration(a.requestMs), formatDuration(b.requestMs)),
    change('limits: header_wait', formatDuration(a.headerWaitMs), formatDuration(b.headerWaitMs)),
    change('limits: idle', formatDuration(a.idleMs), formatDuration(b.idleMs)),
  ].flat()
}

function describeUpstream(a: UpstreamPlan, b: UpstreamPlan): string[] {
  return [
    change('endpoints', originsOf(a), originsOf(b)),
    change('version', a.version ?? 'none', b.version ?? 'none'),
    change('balance', a.balance, b.balance),
    change('connections', a.connections, b.connections),
    changed('timeouts', a.timeouts, b.timeouts),
    changed('health', a.health, b.health),
    changed('outlier', a.outlier, b.outlier),
    changed('host', a.host, b.host),
    changed('headers', a.headers, b.headers),
    changed('tls', a.tls, b.tls),
  ].flat()
}

function originsOf(upstream: UpstreamPlan): string {
  return upstream.endpoints.map(endpoint => endpoint.origin).join(', ')
}

function describeRoute(before: Snapshot, a: RoutePlan, after: Snapshot, b: RoutePlan): string[] {
  const bothJudged = experimentOf(before, a) !== undefined && experimentOf(after, b) !== undefined
  return [
    changed('match', a.match, b.match),
    change('primary', nameOf(before, a.primary), nameOf(after, b.primary)),
    ...describeCanary(before, a.canary, after, b.canary),
    describeNamed('shadow', namedShadows(before, a), namedShadows(after, b), (old, next) =>
      [
        change('percent', old.percent, next.percent),
        change('key', formatKeySource(old.key), formatKeySource(next.key)),
        change('timeout', formatDuration(old.timeoutMs), formatDuration(next.timeoutMs)),
        change('max_in_flight', old.maxInFlight, next.maxInFlight),
        changed('ceilings', old.ceilings, next.ceilings),
        change('max_body', formatSize(old.maxBodyBytes), formatSize(next.maxBodyBytes)),
        change('methods', old.methods.join(', '), next.methods.join(', ')),
        changed('headers', old.headers, next.headers),
        change('path', old.path ?? 'of the request', next.path ?? 'of the request'),
        changed('set_body', old.setBody, next.setBody),
        change('websockets', String(old.websockets), String(next.websockets)),
        change('experiment', old.id, next.id),
      ].flat(),
    ),
    changed('control', a.control, b.control),
    change('unit', unitOf(a), unitOf(b)),
    bothJudged ? changed('compare', experimentOf(before, a)?.compare, experimentOf(after, b)?.compare) : [],
    bothJudged ? changed('gates', experimentOf(before, a)?.gates, experimentOf(after, b)?.gates) : [],
    bothJudged ? changed('verdict', experimentOf(before, a)?.verdict, experimentOf(after, b)?.verdict) : [],
  ].flat()
}

/** All candidates of a route are compared and judged alike: the first one's experiment speaks for all. */
function experimentOf(snapshot: Snapshot, { shadows, canary }: RoutePlan): ExperimentPlan | undefined {
  return snapshot.experiments[(shadows[0] ?? canary)?.experiment ?? -1]
}

function unitOf({ unit }: RoutePlan): string {
  return unit === null ? 'none' : formatKeySource(unit)
}

function describeCanary(before: Snapshot, a: CanaryPlan | null, after: Snapshot, b: CanaryPlan | null): string[] {
  if (a === null || b === null) {
    if (a !== null) return [`canary ${nameOf(before, a.upstream)} removed`]
    return b === null ? [] : [`canary ${nameOf(after, b.upstream)} added at ${b.percent} percent`]
  }
  return [
    change('canary upstream', nameOf(before, a.upstream), nameOf(after, b.upstream)),
    change('canary percent', a.percent, b.percent),
    change('canary sticky', stickyOf(a), stickyOf(b)),
    change('canary fallback', a.fallback, b.fallback),
    change('canary ramp', rampOf(a), rampOf(b)),
    change('canary on_rollback', a.onRollback, b.onRollback),
  ].flat()
}

function stickyOf(canary: CanaryPlan): string {
  return canary.sticky === null ? 'none' : formatKeySource(canary.sticky)
}

function rampOf({ ramp }: CanaryPlan): string {
  if (ramp === null) return 'none'
  return `${ramp.steps.join(', ')} every ${formatDuration(ramp.everyMs)} when ${ramp.when}`
}

/** A shadow is known by its upstream; the index of an upstream may differ between two snapshots. */
function namedShadows(snapshot: Snapshot, route: RoutePlan) {
  return route.shadows.map(shadow => ({
    ...shadow,
    name: nameOf(snapshot, shadow.upstream),
    id: snapshot.experiments[shadow.experiment]?.id ?? 'none',
  }))
}

function describeOrder(before: readonly RoutePlan[], after: readonly RoutePlan[]): string[] {
  return change('routes: order', keptNames(before, after).join(', '), keptNames(after, before).join(', '))
}

function keptNames(routes: readonly RoutePlan[], others: readonly RoutePlan[]): string[] {
  return routes.map(route => route.name).filter(name => others.some(other => other.name === name))
}

function describeBlocks(before: Snapshot, after: Snapshot): string[] {
  return [
    changed('record', before.record, after.record),
    changed('sinks: file', before.sinks.file, after.sinks.file),
    changed('sinks: kafka', before.sinks.kafka, after.sinks.kafka),
    change('log: level', before.log.level, after.log.level),
    change('log: access', before.log.access, after.log.access),
  ].flat()
}

function describeNamed<Item extends { readonly name: string }>(
  kind: string,
  before: readonly Item[],
  after: readonly Item[],
  describe: (before: Item, after: Item) => string[],
): string[] {
  const lines: string[] = []
  const old = new Map(before.map(item => [item.name, item]))
  for (const item of after) {
    const previous = old.get(item.name)
    if (previous === undefined) lines.push(`${kind} ${item.name}: added`)
    else lines.push(...describe(previous, item).map(line => `${kind} ${item.name}: ${line}`))
    old.delete(item.name)
  }
  return [...lines, ...[...old.keys()].map(name => `${kind} ${name}: removed`)]
}

function nameOf(snapshot: Snapshot, upstream: number): string {
  return snapshot.upstreams[upstream]?.name ?? 'unknown'
}

function change(what: string, before: string | number, after: string | number): string[] {
  return before === after ? [] : [`${what} ${before} -> ${after}`]
}

function changed(what: string, before: unknown, after: unknown): string[] {
  if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return []
  if ((before ?? null) === null) return [`${what} added`]
  return (after ?? null) === null ? [`${what} removed`] : [`${what} changed`]
}
