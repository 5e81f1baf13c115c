import { setTimeout as sleep } from 'node:timers/promises'
import { INFER_PATH } from './behaviours.ts'
import type { Topology } from './contender.ts'
import type { LoadDriver } from './driver.ts'
import type { LoadPlan, LoadResult } from './load-plan.ts'
import { keepReloading } from './reloads.ts'
import { Resources } from './resources.ts'
import { routingFile, startUnderstudy, type UnderstudyForm } from './run-proxy.ts'
import type { Scenario, Side } from './scenario-list.ts'
import { copiesIn, type ScenarioRound, type ScenarioRow } from './scenario-table.ts'
import { scrape } from './scrape.ts'
import type { ServedRouting } from './serve-routing.ts'
import { StandIn } from './stand-in.ts'

const WARM_UP_MS = 500
const TIMEOUT_MS = 5000
/** For the compilers of both processes. */
const FIRST_RUN_MS = 1000
const RELOAD_EVERY_MS = 500
/** Counters come to `/metrics` once a second, and the last copies of a slow shadow take half of one. */
const COUNTERS_LAG_MS = 1700

interface RunningSide {
  readonly understudy: ServedRouting
  readonly side: Side
  /** The one it was started with, and one in which all upstreams have changed. */
  readonly routings: readonly [object, object]
}

/** Measures one scenario beside its reference, with processes of its own. */
export async function runScenario(
  driver: LoadDriver,
  scenario: Scenario,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<ScenarioRow> {
  await using resources = new Resources()
  const primary = resources.add(await StandIn.start(scenario.primary, 'primary'))
  const subject = await startSide(resources, primary, scenario.subject)
  const reference = await startSide(resources, primary, scenario.reference)
  for (const side of [reference, subject]) await loadSide(driver, side, planOf(scenario, FIRST_RUN_MS))

  const plan = planOf(scenario, seconds * 1000)
  const results: ScenarioRound[] = []
  for (let round = 0; round < rounds; round++) {
    const first = round % 2 === 0 ? await loadSide(driver, reference, plan) : null
    const measured = await loadSide(driver, subject, plan)
    results.push({ subject: measured, reference: first ?? (await loadSide(driver, reference, plan)) })
  }
  const rssBytes = subject.understudy.rssBytes()
  await sleep(COUNTERS_LAG_MS)
  return {
    title: scenario.title,
    streams: scenario.primary === 'sse',
    rounds: results,
    copies: copiesIn(await scrape(subject.understudy.adminUrl)),
    rssBytes,
  }
}

async function startSide(resources: Resources, primary: StandIn, side: Side): Promise<RunningSide> {
  const start = async (behaviour: Side['shadow']): Promise<StandIn | null> =>
    behaviour === null ? null : resources.add(await StandIn.start(behaviour, 'shadow'))
  const shadow = await start(side.shadow)
  const broker = side.kafkaDown === true ? await start('refusing') : null
  const sinks = broker === null ? {} : { sinks: { kafka: { brokers: [`127.0.0.1:${broker.port}`] } } }
  const topology: Topology = { primaryPort: primary.port, shadow }
  const form: UnderstudyForm = { ...sinks, connections: 128 }
  const understudy = resources.add(await startUnderstudy(topology, form))
  const changed = routingFile(topology, { ...form, connections: 127 })
  return { understudy, side, routings: [routingFile(topology, form), changed] }
}

function planOf({ load }: Scenario, measureMs: number): Omit<LoadPlan, 'port'> {
  const rest = { path: INFER_PATH, fresh: false, warmUpMs: WARM_UP_MS, measureMs, timeoutMs: TIMEOUT_MS }
  return { ...load(measureMs), ...rest }
}

async function loadSide(driver: LoadDriver, running: RunningSide, plan: Omit<LoadPlan, 'port'>): Promise<LoadResult> {
  const { understudy, side, routings } = running
  const over = new AbortController()
  const [original, changed] = routings
  const reloading =
    side.reloads === true ? keepReloading(understudy, [changed, original], RELOAD_EVERY_MS, over.signal) : null
  try {
    const result = await driver.run({ ...plan, port: understudy.port })
    if (result.errors.local > 0) throw new Error('the driver ran out of ports or file descriptors (ulimit -n)')
    return result
  } finally {
    over.abort()
    await reloading
  }
}
