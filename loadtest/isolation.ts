/**
 * `npm run bench:isolation`: what a bad shadow does to the primary's clients. Each shadow is measured right beside a run
 * without one, and the table holds the ratios: Understudy and nginx `mirror`, keep-alive and fresh connections.
 */
import { AwakeCores } from './awake-cores.ts'
import { MODEL_MS, type Behaviour } from './behaviours.ts'
import type { Contender, Topology } from './contender.ts'
import { FORMS } from './contestants.ts'
import { LoadDriver } from './driver.ts'
import { isolationTable, type Comparison, type IsolationRow } from './isolation-table.ts'
import { describeMachine, MachineWatch } from './machine.ts'
import { whole, withRange } from './markdown.ts'
import { measure, measureSaturation, warmUp, type LoadShape } from './measure.ts'
import { readOptions } from './options.ts'
import { Resources } from './resources.ts'
import { nginxVersion, startNginx } from './run-nginx.ts'
import { startUnderstudy } from './run-proxy.ts'
import { StandIn } from './stand-in.ts'
import { spread } from './statistics.ts'

/** What stands in the first column. `none` is a second proxy without a shadow: how far two equal things differ here. */
const SHADOWS: Readonly<Record<Exclude<Behaviour, 'large' | 'sse'> | 'none', string>> = {
  none: 'none (noise of the method)',
  healthy: 'healthy',
  slow: '500 ms slow',
  hanging: 'never answers',
  refusing: 'refuses connections',
  resetting: 'resets after the request',
  endless: 'endless body',
  huge: '10 MiB answers',
  'untrusted-tls': 'untrusted certificate',
}
const WARM_UP_MS = 800
/**
 * Of the measured load, before the first round that counts and as much for what a row is compared with. After saturation the
 * proxy closes the connections to the model that it needs no longer; of what Node does then V8 learns that it had seen half
 * of the cases only, and compiles some thirty functions again. Proxies of half a minute had a p99 of 5.5 ms on fresh
 * connections, each in its first seconds 6 to 23.
 */
const SETTLING_MS = 10_000
const TIMEOUT_MS = 5000
/** Of one, half of saturation was 1 134 on one day and 1 672 on the next: a good minute is no rate to measure everything at. */
const SATURATION_ROUNDS = 5
const DEFAULTS = {
  // Several: which threads meet on a core changes from second to second, by little more than chance. Not shorter: where half of
  // saturation is 1 134 requests/s, the p99 of a second are eleven requests, and two equal proxies differed by up to 1.4.
  rounds: 5,
  seconds: 3,
  connections: 64,
  quick: { rounds: 1, seconds: 2 },
  modelMs: MODEL_MS,
  shadows: Object.keys(SHADOWS),
}

interface Proxy {
  readonly start: (topology: Topology) => Promise<Contender>
  /** Gives copies up as late as it can: where copies are missing, the rate is not one of mirroring. */
  readonly startRoomy: (topology: Topology) => Promise<Contender>
  /** JavaScript is compiled while it runs. */
  readonly comesCompiled: boolean
}

const UNDERSTUDY: Proxy = {
  start: startUnderstudy,
  startRoomy: topology => startUnderstudy(topology, FORMS.comparing),
  comesCompiled: false,
}
const NGINX: Proxy = { start: startNginx, startRoomy: startNginx, comesCompiled: true }

/** A proxy with a shadow, and a second one of the same age without. */
interface Cell {
  readonly shadow: StandIn | null
  readonly contender: Contender
  readonly baseline: Contender
}

const options = readOptions(process.argv.slice(2), DEFAULTS)
const watch = new MachineWatch()
await using resources = new Resources()
const driver = resources.add(new LoadDriver())
const primary = resources.add(await StandIn.start('healthy', 'primary', options.modelMs))

const nginx = nginxVersion()
if (nginx === null) console.error('!! NGINX IS NOT INSTALLED: the table will hold Understudy only')
const proxies = [UNDERSTUDY, ...(nginx === null ? [] : [NGINX])]

for (const fresh of [false, true]) {
  const { connections, seconds } = options
  const shape = { connections, fresh, warmUpMs: WARM_UP_MS, measureMs: seconds * 1000, timeoutMs: TIMEOUT_MS }
  const ratePerS = options.rate ?? (await halfOfSaturation(shape))
  // Not earlier: at saturation no core falls asleep, and processes that keep it awake would take from the shadow, for which nginx waits.
  await using awake = new Resources()
  awake.add(new AwakeCores())
  const rows: IsolationRow[] = []
  for (const proxy of proxies) {
    for (const name of options.shadows as (keyof typeof SHADOWS)[]) {
      const row = await measureRow(proxy, name, shape, ratePerS)
      console.error(`${connectionsOf(fresh)}: ${row.proxy}, ${row.shadow}`)
      rows.push(row)
    }
  }
  console.log(
    `\n### ${connectionsOf(fresh)}, ${whole(ratePerS)} requests/s, a model that takes ${options.modelMs} ms\n`,
  )
  console.log(isolationTable(rows))
}
console.log(
  `\n${describeMachine()}, ${nginx ?? '**no nginx on this machine**'}. Open loop, at most ${options.connections} connections, ` +
    `${options.rounds} rounds × ${options.seconds} s beside as much without shadow; medians (min–max). ${watch.report()}`,
)

/**
 * Of the slowest proxy with a healthy shadow that gets every copy, so that all are measured at one rate which all of them
 * can carry: where more is answered than mirrored, the copies count (two cores, fresh connections: 4 864 requests/s, 3 867
 * copies/s). The model takes no time here: otherwise the number of connections would be the limit.
 */
async function halfOfSaturation(shape: LoadShape): Promise<number> {
  await using own = new Resources()
  const atOnce = own.add(await StandIn.start('healthy', 'primary'))
  const shadow = own.add(await StandIn.start('healthy', 'shadow'))
  const rates: number[] = []
  for (const proxy of proxies) {
    const contender = own.add(await proxy.startRoomy({ primaryPort: atOnce.port, shadow }))
    await warmUp(driver, contender, shape)
    const arrivedBefore = await arrived(shadow)
    const answeredPerS: number[] = []
    for (let round = 0; round < SATURATION_ROUNDS; round++) {
      answeredPerS.push(await measureSaturation(driver, contender, shape))
    }
    const saturation = spread(answeredPerS)
    const seconds = (SATURATION_ROUNDS * (shape.warmUpMs + shape.measureMs)) / 1000
    const copiesPerS = ((await arrived(shadow)) - arrivedBefore) / seconds
    console.error(
      `${connectionsOf(shape.fresh)}: ${contender.name} saturates at ${withRange(saturation, whole)} requests/s, ` +
        `${whole(copiesPerS)} copies/s`,
    )
    rates.push(Math.min(saturation.median, copiesPerS))
  }
  return Math.max(1, Math.round(Math.min(...rates) / 2))
}

/**
 * All rounds of one row, one behind the other: a proxy in JavaScript that has had nothing to do for a minute has let go of
 * compiled code and of memory, and its next second would be measured instead of what its shadow does. Nothing else runs:
 * eight proxies that wait for their rows take a tenth of a core.
 */
async function measureRow(
  proxy: Proxy,
  name: keyof typeof SHADOWS,
  shape: LoadShape,
  ratePerS: number,
): Promise<IsolationRow> {
  await using own = new Resources()
  const shadow = name === 'none' ? null : own.add(await StandIn.start(name, 'shadow'))
  const baseline = own.add(await proxy.start({ primaryPort: primary.port, shadow: null }))
  const contender = own.add(await proxy.start({ primaryPort: primary.port, shadow }))
  const row: IsolationRow = { shadow: SHADOWS[name], proxy: contender.name, comparisons: [] }
  if (!proxy.comesCompiled) for (const each of [baseline, contender]) await warmUp(driver, each, shape)
  const settlingRounds =
    proxy.comesCompiled || options.quick ? 1 : Math.ceil(SETTLING_MS / (shape.warmUpMs + shape.measureMs))
  for (let round = -settlingRounds; round < options.rounds; round++) {
    const comparison = await compare({ shadow, baseline, contender }, shape, ratePerS, round)
    if (round >= 0) row.comparisons.push(comparison)
  }
  return row
}

/** The same load with and without shadow, one right after the other; which comes first changes from round to round. */
async function compare(cell: Cell, shape: LoadShape, ratePerS: number, round: number): Promise<Comparison> {
  const alone = () => measure(driver, cell.baseline, shape, ratePerS)
  const first = round % 2 === 0 ? await alone() : null
  const arrivedBefore = await arrived(cell.shadow)
  const shadowed = await measure(driver, cell.contender, shape, ratePerS)
  const requests = ((shape.warmUpMs + shape.measureMs) * ratePerS) / 1000
  const copies = ((await arrived(cell.shadow)) - arrivedBefore) / requests
  const unshadowed = first ?? (await alone())
  if (unshadowed.ok === 0) {
    throw new Error(
      `${cell.contender.name} answers nothing even without a shadow (${JSON.stringify(unshadowed.errors)}): there is nothing to compare`,
    )
  }
  return { shadowed, alone: unshadowed, copies: countable(cell.shadow) ? copies : null }
}

async function arrived(shadow: StandIn | null): Promise<number> {
  return shadow === null ? 0 : (await shadow.counts()).requests
}

/** Nobody is there to count what a closed port or a failed handshake keeps out. */
function countable(shadow: StandIn | null): boolean {
  return shadow !== null && shadow.behaviour !== 'refusing' && shadow.behaviour !== 'untrusted-tls'
}

function connectionsOf(fresh: boolean): string {
  return fresh ? 'Fresh connections' : 'Keep-alive connections'
}
