import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { INFER_PATH } from './behaviours.ts'

/** What a run at saturation says of itself. Latencies are those of a closed loop: no correction for omitted requests. */
export interface Saturation {
  readonly requests: number
  readonly requestsPerS: number
  readonly p50Us: number
  readonly p99Us: number
  /** Requests that got no answer, and answers that were no 2xx or 3xx. */
  readonly errors: number
}

const run = promisify(execFile)

/** wrk takes its request from Lua; the body from a file, whatever is in it. */
const SCRIPT = `wrk.method = 'POST'
wrk.headers['content-type'] = 'application/json'
local file = io.open('body.json', 'rb')
wrk.body = file:read('*a')
file:close()
`
/** wrk ends by itself; one that does not hangs. */
const PATIENCE_MS = 20_000

/** Writes what wrk needs to send this body into `directory`. */
export function prepareWrk(directory: string, body: string): void {
  writeFileSync(join(directory, 'post.lua'), SCRIPT)
  writeFileSync(join(directory, 'body.json'), body)
}

/** One run with one thread; `directory` as `prepareWrk` left it. */
export async function runWrk(
  directory: string,
  port: number,
  connections: number,
  seconds: number,
): Promise<Saturation> {
  const shape = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '5s', '-s', 'post.lua']
  const { stdout } = await run('wrk', [...shape, `http://127.0.0.1:${port}${INFER_PATH}`], {
    cwd: directory,
    timeout: seconds * 1000 + PATIENCE_MS,
  })
  return parseWrk(stdout)
}

/** Reads the report of `wrk --latency`. @throws Error for anything else */
export function parseWrk(report: string): Saturation {
  return {
    requests: Number(find(report, /^\s*([0-9]+) requests in /m)),
    requestsPerS: Number(find(report, /^Requests\/sec:\s+([0-9.]+)$/m)),
    p50Us: microseconds(find(report, /^\s+50%\s+(\S+) *$/m)),
    p99Us: microseconds(find(report, /^\s+99%\s+(\S+) *$/m)),
    errors: socketErrors(report) + Number(/^\s*Non-2xx or 3xx responses: ([0-9]+)$/m.exec(report)?.[1] ?? 0),
  }
}

function find(report: string, what: RegExp): string {
  const match = what.exec(report)
  if (match === null) throw new Error(`not a report of wrk --latency:\n${report}`)
  return match[1] as string
}

/** There is no such line when there were none. */
function socketErrors(report: string): number {
  const match = /Socket errors: connect ([0-9]+), read ([0-9]+), write ([0-9]+), timeout ([0-9]+)/.exec(report)
  return (match ?? []).slice(1).reduce((sum, count) => sum + Number(count), 0)
}

const UNIT_US: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1e6, m: 60e6 }

/** `845.00us`, `1.05ms`, `2.10s` */
function microseconds(text: string): number {
  const match = /^([0-9.]+)(us|ms|s|m)$/.exec(text)
  if (match === null) throw new Error(`not a duration of wrk: ${text}`)
  return Number(match[1]) * (UNIT_US[match[2] as string] as number)
}
