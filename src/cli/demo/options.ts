import { parseAddress, parseDuration } from '../../config/units.ts'
import { DEMO_OPTIONS } from '../commands.ts'
import { readOptions, UsageError } from '../options.ts'
import { SCENARIO_NAMES, type ScenarioName } from './scenarios.ts'

export interface DemoOptions {
  readonly scenario: ScenarioName
  /** 0: until Ctrl-C. */
  readonly durationMs: number
  /** HOST:PORT each; empty: no Kafka. */
  readonly kafka: readonly string[]
  readonly requestsPerSecond: number
  /** The summary as JSON on standard output, nothing else. */
  readonly json: boolean
}

const DEFAULT_DURATION = '60s'
const DEFAULT_RATE = '300'
/** What a timer can hold. */
const MAX_DURATION_MS = 24 * 24 * 3_600_000
/** Far more than models and traffic of one machine can do. */
const MAX_RATE = 5_000

/** @throws UsageError */
export function readDemoOptions(args: string[]): DemoOptions {
  const { scenario, for: duration, kafka, rate, json } = readOptions(args, DEMO_OPTIONS)
  return {
    scenario: readScenario(scenario ?? 'better'),
    durationMs: readDuration(duration ?? DEFAULT_DURATION),
    kafka: kafka === undefined ? [] : readBrokers(kafka),
    requestsPerSecond: readRate(rate ?? DEFAULT_RATE),
    json: json ?? false,
  }
}

function readScenario(text: string): ScenarioName {
  const scenario = SCENARIO_NAMES.find(name => name === text)
  if (scenario === undefined) throw new UsageError(`--scenario ${text} is none of ${SCENARIO_NAMES.join(', ')}`)
  return scenario
}

function readDuration(text: string): number {
  const durationMs = text === '0' ? 0 : parseDuration(text)
  if (durationMs === null) throw new UsageError(`--for ${text} is not a duration; write 90s, 10m or 0 (until Ctrl-C)`)
  if (durationMs > MAX_DURATION_MS) throw new UsageError(`--for ${text} is longer than 24 days; write 0 for no end`)
  return durationMs
}

function readBrokers(text: string): string[] {
  const brokers = text.split(',').map(broker => broker.trim())
  const wrong = brokers.find(broker => parseAddress(broker) === null)
  if (wrong === undefined) return brokers
  throw new UsageError(`--kafka: "${wrong}" is not a broker; write HOST:PORT, several with commas between them`)
}

function readRate(text: string): number {
  const rate = Number(text)
  if (text.trim() !== '' && rate > 0 && rate <= MAX_RATE) return rate
  throw new UsageError(`--rate ${text} is not a number of requests per second from 1 to ${MAX_RATE}`)
}
