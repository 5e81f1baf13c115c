import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender, Topology } from './contender.ts'
import { ProxyProcess, scratchDirectory } from './proxy-process.ts'
import { freePort, untilListening } from './wait-for-port.ts'

export interface EnvoyOptions {
  /** `per_connection_buffer_limit_bytes` of listener and clusters; null: its default, 1 MiB. A mirrored body must fit. */
  readonly bufferBytes: number | null
}

/** Starts Envoy with one worker thread and, if there is a shadow, `request_mirror_policies` at 100 %. */
export async function startEnvoy(binary: string, topology: Topology, options: EnvoyOptions): Promise<Contender> {
  const directory = scratchDirectory('envoy')
  const port = await freePort()
  const file = join(directory, 'envoy.json')
  writeFileSync(file, JSON.stringify(envoyConfiguration(topology, port, options), null, 2))
  const flags = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'warn']
  const child = new ProxyProcess(binary, ['-c', file, ...flags], directory, () => {})
  await untilListening(child, port)
  return { name: 'Envoy', port, cpuMs: () => child.cpuMs(), stop: () => child.stop() }
}

/**
 * As lean as Envoy goes without turning off what a proxy is for: no access log, no request ids, none of its own headers,
 * no admin listener.
 */
export function envoyConfiguration(
  { primaryPort, shadow }: Topology,
  port: number,
  { bufferBytes }: EnvoyOptions,
): object {
  const buffers = bufferBytes === null ? {} : { per_connection_buffer_limit_bytes: bufferBytes }
  const mirror = shadow === null ? {} : { request_mirror_policies: [mirrorPolicy('candidate')] }
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
      suppress_envoy_headers: true,
    },
  }
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'bench',
    codec_type: 'HTTP1',
    generate_request_id: false,
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'primary', ...mirror } }] },
      ],
    },
    http_filters: [router],
  }
  const listener = {
    name: 'clients',
    address: socketAddress(port),
    ...buffers,
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  }
  const clusters = [
    cluster('primary', primaryPort, buffers),
    ...(shadow === null ? [] : [cluster('candidate', Number(new URL(shadow.url).port), buffers)]),
  ]
  return { static_resources: { listeners: [listener], clusters } }
}

function mirrorPolicy(cluster: string): object {
  return { cluster, runtime_fraction: { default_value: { numerator: 100, denominator: 'HUNDRED' } } }
}

function cluster(name: string, port: number, buffers: object): object {
  const endpoint = { endpoint: { address: socketAddress(port) } }
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    ...buffers,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
  }
}

function socketAddress(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } }
}
