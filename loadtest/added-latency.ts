/**
 * `npm run bench:latency`: what the proxy adds to a request, and what a shadow adds to that. Three ways to the same model
 * server, measured in turn in one run: direct, through the proxy, through the proxy with all requests copied.
 */
import { AwakeCores } from './awake-cores.ts'
import type { Contender } from './contender.ts'
import { LoadDriver } from './driver.ts'
import { describeMachine, MachineWatch } from './machine.ts'
import { markdownTable, milliseconds, whole, withRange } from './markdown.ts'
import { measure, type LoadShape, type Measurement } from './measure.ts'
import { readOptions } from './options.ts'
import { Resources } from './resources.ts'
import { startUnderstudy } from './run-proxy.ts'
import { StandIn } from './stand-in.ts'
import { rotated, spread, type Spread } from './statistics.ts'

const RATE_PER_S = 1000
const WARM_UP_MS = 1000
const TIMEOUT_MS = 5000
const DEFAULTS = { rounds: 5, seconds: 5, connections: 32, quick: { rounds: 2, seconds: 2 }, shadows: ['healthy'] }

const options = readOptions(process.argv.slice(2), DEFAULTS)
const watch = new MachineWatch()
const ratePerS = options.rate ?? RATE_PER_S
const shape: LoadShape = {
  connections: options.connections,
  fresh: false,
  warmUpMs: WARM_UP_MS,
  measureMs: options.seconds * 1000,
  timeoutMs: TIMEOUT_MS,
}

await using resources = new Resources()
resources.add(new AwakeCores())
const primary = resources.add(await StandIn.start('healthy', 'primary'))
const shadow = resources.add(await StandIn.start('healthy', 'shadow'))
const driver = resources.add(new LoadDriver())
const understudy = async (name: string, shadow: StandIn | null): Promise<Contender> => ({
  ...resources.add(await startUnderstudy({ primaryPort: primary.port, shadow })),
  name,
})
const direct: Contender = { name: 'direct', port: primary.port, cpuMs: () => 0, stop: async () => {} }
const plain = await understudy('proxied, no shadow', null)
const shadowed = await understudy('proxied, shadow 100 %', shadow)

const contenders = [direct, plain, shadowed]
const results = new Map<Contender, Measurement[]>(contenders.map(contender => [contender, []]))
for (let round = 0; round <= options.rounds; round++) {
  for (const contender of rotated(contenders, round)) {
    const result = await measure(driver, contender, shape, ratePerS)
    // Round 0 is for the compilers of all processes.
    if (round > 0) results.get(contender)?.push(result)
  }
  console.error(round === 0 ? 'warmed up' : `round ${round} of ${options.rounds}`)
}
type Reading = (result: Measurement) => number
const p50: Reading = result => result.p50Us
const p99: Reading = result => result.p99Us

function of(contender: Contender, read: Reading): Spread {
  return spread((results.get(contender) ?? []).map(read))
}

/** Round by round, so that what slows the whole machine for a while falls out. */
function difference(more: Contender, less: Contender, read: Reading): Spread {
  const without = results.get(less) ?? []
  return spread((results.get(more) ?? []).map((result, i) => read(result) - read(without[i] as Measurement)))
}

const measured = contenders.map(contender => [
  contender.name,
  withRange(of(contender, p50), milliseconds),
  withRange(of(contender, p99), milliseconds),
  contender === direct ? '—' : whole(of(contender, result => result.cpuUsPerRequest).median),
  whole((results.get(contender) ?? []).reduce((sum, result) => sum + result.sent - result.ok, 0)),
])
const added = [
  ['added by the proxy', plain, direct] as const,
  ['added by the shadow', shadowed, plain] as const,
  ['added by both', shadowed, direct] as const,
].map(([name, more, less]) => [
  `**${name}**`,
  withRange(difference(more, less, p50), milliseconds),
  withRange(difference(more, less, p99), milliseconds),
  '',
  '',
])
const lateUs = Math.max(...[...results.values()].flat().map(result => result.driverLagP99Us))

console.log(
  `\n${describeMachine()}. ${whole(ratePerS)} requests/s, open loop, ${options.connections} keep-alive connections, ` +
    `${options.rounds} rounds × ${options.seconds} s, medians (min–max). ${watch.report()} ` +
    `Worst p99 of the driver's own lateness: ${milliseconds(lateUs)} ms.\n`,
)
console.log(markdownTable(['', 'p50 ms', 'p99 ms', 'proxy CPU µs/request', 'errors'], [...measured, ...added]))
