import { rmSync } from 'node:fs'
import { INFER_PATH } from './behaviours.ts'
import { LoadDriver } from './driver.ts'
import { scratchDirectory } from './proxy-process.ts'
import { prepareWrk, runWrk, type Saturation } from './wrk.ts'

const TIMEOUT_MS = 5000

/** Closed-loop load: each connection sends this body again as soon as it was answered. */
export interface Saturator {
  /** As the tables say who took the latencies. */
  readonly name: string
  run(port: number, connections: number, seconds: number): Promise<Saturation>
  stop(): Promise<void>
}

/** wrk where there is one: on few cores a driver in JavaScript would take the core that the proxy needs. */
export function startSaturator(wrk: string | null, body: string): Saturator {
  return wrk === null ? ownSaturator(body) : wrkSaturator(body)
}

function wrkSaturator(body: string): Saturator {
  const directory = scratchDirectory('wrk')
  prepareWrk(directory, body)
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  process.once('exit', remove)
  return {
    name: 'wrk',
    run: (port, connections, seconds) => runWrk(directory, port, connections, seconds),
    stop: async () => {
      process.off('exit', remove)
      remove()
    },
  }
}

function ownSaturator(body: string): Saturator {
  const driver = new LoadDriver()
  return {
    name: 'our own driver',
    run: async (port, connections, seconds) => {
      const result = await driver.run({
        port,
        path: INFER_PATH,
        body,
        ratePerS: null,
        connections,
        fresh: false,
        warmUpMs: 0,
        measureMs: seconds * 1000,
        timeoutMs: TIMEOUT_MS,
      })
      const { sent, ok, achievedPerS, p50Us, p99Us } = result
      return { requests: sent, requestsPerS: achievedPerS, p50Us, p99Us, errors: sent - ok }
    },
    stop: () => driver.stop(),
  }
}
