import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { INFER_PATH } from './behaviours.ts'
import type { Contender, Topology } from './contender.ts'
import { ProxyProcess, scratchDirectory } from './proxy-process.ts'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const START_TIMEOUT_MS = 20_000

export interface RunningUnderstudy extends Contender {
  /** `http://127.0.0.1:...`, for /metrics and the admin API. */
  readonly adminUrl: string
}

/**
 * Starts Understudy from source with one data-plane thread, everything else at its defaults: pairs are captured,
 * compared and written to a file. Rejects with its stderr when it does not start.
 */
export async function startUnderstudy(topology: Topology): Promise<RunningUnderstudy> {
  const directory = scratchDirectory('understudy')
  const file = join(directory, 'routing.yaml')
  writeFileSync(file, routingFile(topology))
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
      name: 'Understudy',
      port: Number(new URL(listen).port),
      adminUrl: admin,
      cpuMs: () => child.cpuMs(),
      stop: () => child.stop(),
    }
  } catch (error) {
    await child.stop()
    throw error
  } finally {
    clearTimeout(late)
  }
}

/** Ephemeral ports; JSON is YAML. */
export function routingFile({ primaryPort, shadow }: Topology): string {
  return JSON.stringify(
    {
      listen: { address: '127.0.0.1:0', threads: 1 },
      admin: { address: '127.0.0.1:0' },
      upstreams: {
        primary: `http://127.0.0.1:${primaryPort}`,
        ...(shadow === null ? {} : { candidate: shadow.url }),
      },
      routes: [
        {
          name: 'churn',
          match: { path: INFER_PATH },
          primary: 'primary',
          shadows: shadow === null ? [] : [{ upstream: 'candidate', percent: 100 }],
        },
      ],
    },
    null,
    2,
  )
}

function parseEntry(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return null // not a log line: a warning of Node.js, for example
  }
}
