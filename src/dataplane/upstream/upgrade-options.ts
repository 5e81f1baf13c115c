import type { Endpoint } from './endpoint.ts'
import { NAMES } from './h1/name-lookup.ts'
import type { Upstream } from './upstream.ts'

/** Where an upgrade connects to, and with which certificates, in the terms of node:http and of http-proxy. */
export function upgradeTarget(upstream: Upstream, endpoint: Endpoint) {
  const { protocol, hostname, port } = new URL(endpoint.plan.origin)
  const host = hostname.replace(/^\[|\]$/g, '')
  const { ca, cert, key } = upstream.plan.tls ?? { ca: null, cert: null, key: null }
  return {
    protocol,
    host,
    hostname: host,
    port: port === '' ? (protocol === 'https:' ? '443' : '80') : port,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  }
}

/** What else its socket is opened with: either side may end first while the other still sends. */
export function upgradeSocket(endpoint: Endpoint) {
  return { allowHalfOpen: true, servername: endpoint.sni, lookup: NAMES.lookup }
}

/** Whether the certificate of the upstream must be one to trust. */
export function isVerified(upstream: Upstream): boolean {
  return upstream.plan.tls?.insecure !== true
}
