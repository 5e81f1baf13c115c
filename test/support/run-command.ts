import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { within } from './within.ts'

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const DIE_WITH_PARENT = new URL('./die-with-parent.ts', import.meta.url).href

/** Runs `understudy …args` to its end. A command that does not end in time is killed, and this rejects. */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, ['--import', DIE_WITH_PARENT, MAIN, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'], // the fourth: see die-with-parent.ts
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes))
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes))
  const done = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, stdout: text(stdout), stderr: text(stderr) }))
  })
  try {
    return await within(done, options.timeoutMs ?? 15_000, `\`understudy ${args.join(' ')}\` did not end`)
  } finally {
    child.kill('SIGKILL')
  }
}

function text(pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces).toString('utf8')
}
