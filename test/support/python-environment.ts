import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from './directory-lock.ts'

/** Debian's own first: Triton's Python backend brings a library of Python that finds its modules where Debian has them. */
const PYTHONS = ['/usr/bin/python3.11', 'python3.11']
const PIPS = ['pip', 'pip3', 'pip3.11']
/** The first that can install into another Python (`--python`). */
const OLDEST_PIP = [22, 3] as const
/** It took 32 s on a fast line; 550 MB unpacked. */
const INSTALL_TIMEOUT_MS = 600_000
/** Of what pip said, when it failed. */
const REASON_CHARS = 600

export type PythonEnvironment =
  | { readonly ok: true /** The interpreter that has the packages. */; readonly python: string }
  | { readonly ok: false; readonly why: string }

const run = promisify(execFile)

/**
 * A Python 3.11 with the packages of a requirements file, made once, kept outside the working tree and shared by all
 * runs. Where it cannot be made says so loudly, and why: no Python, no pip, or a pip that cannot reach its index.
 */
export async function pythonEnvironment(requirements: string): Promise<PythonEnvironment> {
  const environment = await prepare(requirements)
  if (!environment.ok) console.warn(`\n!!! INTEROP TESTS WITH PYTHON ARE SKIPPED: ${environment.why}\n`)
  return environment
}

async function prepare(requirements: string): Promise<PythonEnvironment> {
  const python = PYTHONS.find(each => spawnSync(each, ['-c', 'import venv']).status === 0)
  if (python === undefined)
    return { ok: false, why: 'there is no python3.11 (apt-get install python3.11 python3.11-venv)' }
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .update(await versionOf(python))
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const dir = join(root, 'understudy-proxy', `interop-${hash.digest('hex').slice(0, 8)}`)
  const environment = join(dir, 'python')
  const ready = { ok: true, python: join(environment, 'bin', 'python') } as const
  const complete = join(dir, 'complete')
  if (existsSync(complete)) return ready
  const pip = PIPS.find(isRecentPip)
  if (pip === undefined)
    return { ok: false, why: `there is no pip of version ${OLDEST_PIP.join('.')} or newer on the PATH` }
  await mkdir(dir, { recursive: true })
  let why: string | null = null
  await withLock(join(dir, 'lock'), async () => {
    if (existsSync(complete)) return
    why = await install(python, pip, environment, requirements)
    if (why === null) await writeFile(complete, '')
  })
  return why === null ? ready : { ok: false, why }
}

async function versionOf(python: string): Promise<string> {
  return (await run(python, ['-c', 'import sys; print(sys.executable, sys.version)'])).stdout
}

function isRecentPip(command: string): boolean {
  const [, major = 0, minor = 0] =
    /^pip (\d+)\.(\d+)/.exec(spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout ?? '') ?? []
  return Number(major) > OLDEST_PIP[0] || (Number(major) === OLDEST_PIP[0] && Number(minor) >= OLDEST_PIP[1])
}

/** null: done; else what went wrong. pip does not come from `venv`: Debian has it, and the bundled wheels, in packages of their own. */
async function install(python: string, pip: string, environment: string, requirements: string): Promise<string | null> {
  await rm(environment, { recursive: true, force: true })
  const flags = ['--quiet', '--no-input', '--disable-pip-version-check', '--only-binary', ':all:']
  try {
    await run(python, ['-m', 'venv', '--without-pip', environment])
    await run(pip, ['--python', join(environment, 'bin', 'python'), 'install', ...flags, '-r', requirements], {
      timeout: INSTALL_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    return null
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string }
    await rm(environment, { recursive: true, force: true })
    return `the packages of ${requirements} cannot be installed: ${(stderr || message).trim().slice(-REASON_CHARS)}`
  }
}
