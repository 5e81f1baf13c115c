import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contender, Topology } from './contender.ts'
import { ProxyProcess, scratchDirectory } from './proxy-process.ts'
import { freePort, untilListening } from './wait-for-port.ts'

/** Any authority will do that has not signed the stand-in's certificate. */
const UNRELATED_AUTHORITY = fileURLToPath(new URL('./certificates/unrelated.pem', import.meta.url))

/** One process, no logs, and no body in a file: what every configuration here begins with. Leaves `http {` open. */
export const NGINX_PREAMBLE: readonly string[] = [
  'daemon off; master_process off; pid nginx.pid; error_log error.log crit;',
  'events { worker_connections 16384; }',
  'http {',
  '  access_log off; keepalive_requests 10000000; client_max_body_size 16m; client_body_buffer_size 2m;',
  '  client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/fastcgi;',
  '  uwsgi_temp_path temp/uwsgi; scgi_temp_path temp/scgi;',
]

/** The version line of nginx; null: there is none on this machine. */
export function nginxVersion(): string | null {
  const { error, stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' })
  return error === undefined ? stderr.trim().replace('nginx version: ', '') : null
}

/** Starts nginx with its `mirror` on the shadow: one process, files only in a scratch folder. */
export async function startNginx(topology: Topology): Promise<Contender> {
  const port = await freePort()
  const child = await runNginx(nginxConfiguration(topology, port), port)
  return { name: 'nginx', port, cpuMs: () => child.cpuMs(), stop: () => child.stop() }
}

/** Starts nginx with this configuration and waits until it listens on the port. */
export async function runNginx(configuration: string, port: number): Promise<ProxyProcess> {
  const directory = scratchDirectory('nginx')
  mkdirSync(join(directory, 'temp'))
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, configuration)
  // Given on the command line too: until it has read its file nginx would write to the system's log.
  const args = ['-p', directory, '-c', file, '-e', join(directory, 'error.log')]
  const child = new ProxyProcess('nginx', args, directory, () => {})
  await untilListening(child, port)
  return child
}

/** As fast as nginx does it: connections are kept on both sides, nothing is logged, nothing goes to a file. */
export function nginxConfiguration({ primaryPort, shadow }: Topology, port: number): string {
  const lines = [
    ...NGINX_PREAMBLE,
    '  proxy_http_version 1.1; proxy_set_header Connection "";',
    upstream('primary', `127.0.0.1:${primaryPort}`),
    ...(shadow === null ? [] : [upstream('candidate', new URL(shadow.url).host)]),
    '  server {',
    `    listen 127.0.0.1:${port} backlog=4096;`,
    `    location / { ${shadow === null ? '' : 'mirror /mirror; '}proxy_pass http://primary; }`,
    ...(shadow === null ? [] : [mirrorLocation(new URL(shadow.url).protocol)]),
    '  }',
    '}',
  ]
  return `${lines.join('\n')}\n`
}

function upstream(name: string, address: string): string {
  return `  upstream ${name} { server ${address}; keepalive 256; keepalive_requests 10000000; }`
}

function mirrorLocation(protocol: string): string {
  const verify = `proxy_ssl_verify on; proxy_ssl_trusted_certificate ${UNRELATED_AUTHORITY}; `
  const pass = `proxy_pass ${protocol}//candidate$request_uri;`
  return `    location = /mirror { internal; ${protocol === 'https:' ? verify : ''}${pass} }`
}
