import { INFER_PATH, INFER_REQUEST } from './behaviours.ts'
import type { Contender } from './contender.ts'
import type { LoadDriver } from './driver.ts'
import type { LoadResult } from './load-plan.ts'

/** With 2 s, proxies that had been measured for longer had the better p99 on fresh connections: by half, and up to twice. */
const COMPILERS_MS = 6000

/** The part of a plan that is the same for all measurements of a table. */
export interface LoadShape {
  readonly connections: number
  readonly fresh: boolean
  readonly warmUpMs: number
  readonly measureMs: number
  readonly timeoutMs: number
}

export interface Measurement extends LoadResult {
  /** CPU time of the measured process per request, warm-up included. */
  readonly cpuUsPerRequest: number
}

/** One run against one contender at a fixed rate. */
export async function measure(
  driver: LoadDriver,
  contender: Contender,
  shape: LoadShape,
  ratePerS: number,
): Promise<Measurement> {
  const before = contender.cpuMs()
  const result = await run(driver, contender, shape, ratePerS)
  if (result.errors.local > 0) {
    throw new Error('the driver ran out of ports or file descriptors: lower --rate, or raise the limit (ulimit -n)')
  }
  const requests = ((shape.warmUpMs + shape.measureMs) * ratePerS) / 1000
  return { ...result, cpuUsPerRequest: ((contender.cpuMs() - before) * 1000) / requests }
}

/** Requests per second that the contender answers when each connection sends again as soon as it was answered. */
export async function measureSaturation(driver: LoadDriver, contender: Contender, shape: LoadShape): Promise<number> {
  const { achievedPerS } = await run(driver, contender, shape, null)
  return achievedPerS
}

/** At saturation: after some ten thousand requests, and as many connections, the compilers have done most of their work. */
export async function warmUp(driver: LoadDriver, contender: Contender, shape: LoadShape): Promise<void> {
  await measureSaturation(driver, contender, { ...shape, measureMs: COMPILERS_MS })
}

function run(driver: LoadDriver, { port }: Contender, shape: LoadShape, ratePerS: number | null): Promise<LoadResult> {
  return driver.run({ port, path: INFER_PATH, body: INFER_REQUEST, ratePerS, ...shape })
}
