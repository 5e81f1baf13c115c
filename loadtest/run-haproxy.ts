import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender } from './contender.ts'
import { ProxyProcess, scratchDirectory } from './proxy-process.ts'
import { freePort, untilListening } from './wait-for-port.ts'

/** Starts HAProxy with one thread, in the foreground. It has no mirror that needs no second process (its SPOA agent). */
export async function startHaproxy({ primaryPort }: { readonly primaryPort: number }): Promise<Contender> {
  const directory = scratchDirectory('haproxy')
  const port = await freePort()
  const file = join(directory, 'haproxy.cfg')
  writeFileSync(file, haproxyConfiguration(primaryPort, port))
  const child = new ProxyProcess('haproxy', ['-db', '-f', file], directory, () => {})
  await untilListening(child, port)
  return { name: 'HAProxy', port, cpuMs: () => child.cpuMs(), stop: () => child.stop() }
}

/** Connections are kept on both sides and shared by all clients; nothing is logged. */
export function haproxyConfiguration(primaryPort: number, port: number): string {
  const lines = [
    'global',
    '  nbthread 1',
    '  maxconn 8192',
    'defaults',
    '  mode http',
    '  timeout connect 5s',
    '  timeout client 30s',
    '  timeout server 30s',
    '  option http-keep-alive',
    'frontend clients',
    `  bind 127.0.0.1:${port}`,
    '  default_backend primary',
    'backend primary',
    '  http-reuse always',
    `  server primary 127.0.0.1:${primaryPort} pool-max-conn 256`,
  ]
  return `${lines.join('\n')}\n`
}
