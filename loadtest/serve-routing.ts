import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contender.ts'
import { ProxyProcess, scratchDirectory } from './proxy-process.ts'

/**
 * What is shipped is the compiled program, and it needs some 45 MiB less than one that strips its types at the start: the
 * benchmarks build it and say so by this variable.
 */
const MAIN = fileURLToPath(
  new URL(process.env['UNDERSTUDY_BUILT'] ? '../dist/cli/main.js' : '../src/cli/main.ts', import.meta.url),
)
const START_TIMEOUT_MS = 20_000

/** Understudy running with a routing file of the benchmark's own. */
export interface ServedRouting extends Contender {
  /** `http://127.0.0.1:...`, for /metrics and the admin API. */
  readonly adminUrl: string
  /** Where its routing file is. */
  readonly file: string
  rssBytes(): number
}

/** Starts Understudy from source. Rejects with its stderr when it does not start. */
export async function serveRouting(name: string, routing: object): Promise<ServedRouting> {
  const directory = scratchDirectory('understudy')
  const file = join(directory, 'routing.yaml')
  writeFileSync(file, JSON.stringify(routing, null, 2)) // JSON is YAML
  const listening = Promise.withResolvers<{ listen: string; admin: string }>()
  const child = new ProxyProcess(process.execPath, [MAIN, 'serve', '-c', file], directory, line => {
    const entry = parseEntry(line)
    if (entry?.msg === 'listening') listening.resolve({ listen: String(entry.listen), admin: String(entry.admin) })
  })
  const late = setTimeout(() => {
    listening.reject(new Error(`Understudy did not listen within ${START_TIMEOUT_MS} ms`))
  }, START_TIMEOUT_MS)
  try {
    const { listen, admin } = await Promise.race([listening.promise, child.died()])
    return {
      name,
      port: Number(new URL(listen).port),
      adminUrl: admin,
      file,
      cpuMs: () => child.cpuMs(),
      rssBytes: () => child.rssBytes(),
      stop: () => child.stop(),
    }
  } catch (error) {
    await child.stop()
    throw error
  } finally {
    clearTimeout(late)
  }
}

function parseEntry(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return null // not a log line: a warning of Node.js, for example
  }
}
