import { spawn, spawnSync } from 'node:child_process'
import { within } from './within.ts'

export interface ToolResult {
  readonly code: number | null
  /** stdout and stderr as they came. */
  readonly output: string
}

/** Runs a program of the machine (curl, openssl) to its end; `input` goes to its stdin, which is then closed. */
export async function runTool(command: string, args: readonly string[], input = ''): Promise<ToolResult> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const pieces: Buffer[] = []
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
  child.stderr.on('data', (piece: Buffer) => pieces.push(piece))
  child.stdin.on('error', () => {}) // it has ended without reading
  child.stdin.end(input)
  const ended = new Promise<ToolResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, output: Buffer.concat(pieces).toString('utf8') }))
  })
  try {
    return await within(ended, 10_000, `\`${command}\` did not end`)
  } finally {
    child.kill('SIGKILL')
  }
}

/** Whether the machine has a program; tests that need one say so and use Node's own implementation otherwise. */
export function hasTool(command: string): boolean {
  return spawnSync(command, ['--version']).error === undefined
}
