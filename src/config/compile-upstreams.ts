import type { certificateReader } from './certificates.ts'
import type { Report } from './problems.ts'
import type { RoutingFile } from './schema.ts'
import type { HeaderRules, UpstreamPlan } from './snapshot.ts'

/** In the order of the file; routes refer to an upstream by its index. */
export function compileUpstreams(
  file: RoutingFile,
  certificates: ReturnType<typeof certificateReader>,
  report: Report,
): UpstreamPlan[] {
  return Object.entries(file.upstreams).map(([name, upstream]) => {
    const path = ['upstreams', name, 'tls']
    const tls = certificates.client(path, upstream.tls)
    const overTls = upstream.endpoints.some(endpoint => endpoint.origin.startsWith('https:'))
    const tlsGiven = tls.insecure || [tls.ca, tls.cert, tls.key, tls.servername].some(value => value !== null)
    if (tlsGiven && !overTls) {
      report(
        path,
        'has no effect: no endpoint is https',
        'write the endpoints as https://HOST:PORT, or remove tls',
        'key',
      )
    }
    return {
      name,
      version: upstream.version,
      endpoints: upstream.endpoints,
      balance: upstream.balance,
      connections: upstream.connections,
      timeouts: {
        connectMs: upstream.timeouts.connect,
        firstByteMs: upstream.timeouts.first_byte,
        betweenBytesMs: upstream.timeouts.between_bytes,
        totalMs: upstream.timeouts.total,
      },
      health: {
        path: upstream.health.path,
        intervalMs: upstream.health.interval,
        unhealthyAfter: upstream.health.unhealthy_after,
        healthyAfter: upstream.health.healthy_after,
      },
      outlier: {
        errors: upstream.outlier.errors,
        ejectMs: upstream.outlier.eject,
        maxEjectedPercent: upstream.outlier.max_ejected,
      },
      host: upstream.host,
      headers: headerRulesOf(upstream.headers),
      tls: overTls ? tls : null,
    }
  })
}

export function headerRulesOf(rules: { set: Record<string, string>; remove: string[] }): HeaderRules {
  return { set: Object.entries(rules.set), remove: rules.remove }
}
