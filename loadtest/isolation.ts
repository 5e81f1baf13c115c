/**
 * `npm run bench:isolation`: what a bad shadow does to the primary's clients. Each shadow is measured right beside a run
 * without one, and the table holds the ratios: Understudy and nginx `mirror`, keep-alive and fresh connections.
 */
import { MODEL_MS, type Behaviour } from './behaviours.ts'
import type { Contender, Topology } from './contender.ts'
import { LoadDriver } from './driver.ts'
import { isolationTable, type Comparison, type IsolationRow } from './isolation-table.ts'
import { describeMachine, MachineWatch } from './machine.ts'
import { milliseconds, whole } from './markdown.ts'
import { measure, measureSaturation, warmUp, type LoadShape } from './measure.ts'
import { readOptions } from './options.ts'
import { Resources } from './resources.ts'
import { nginxVersion, startNginx } from './run-nginx.ts'
import { startUnderstudy } from './run-proxy.ts'
import { StandIn } from './stand-in.ts'

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
const TIMEOUT_MS = 5000
const DEFAULTS = {
  rounds: 5,
  seconds: 3,
  connections: 64,
  quick: { rounds: 1, seconds: 2 },
  modelMs: MODEL_MS,
  shadows: Object.keys(SHADOWS),
}

type StartProxy = (topology: Topology) => Promise<Contender>

/** One proxy with one shadow, and what is compared with it. */
interface Cell {
  readonly row: IsolationRow
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
const proxies: StartProxy[] = [startUnderstudy, ...(nginx === null ? [] : [startNginx])]
const cells = await startCells()
let worstLagUs = 0

for (const fresh of [false, true]) {
  const { connections, seconds } = options
  const shape = { connections, fresh, warmUpMs: WARM_UP_MS, measureMs: seconds * 1000, timeoutMs: TIMEOUT_MS }
  const ratePerS = options.rate ?? (await halfOfSaturation(shape))
  for (const cell of cells) {
    await measureCell(cell, shape, ratePerS)
    console.error(`${connectionsOf(fresh)}: ${cell.row.proxy}, ${cell.row.shadow}`)
  }
  console.log(
    `\n### ${connectionsOf(fresh)}, ${whole(ratePerS)} requests/s, a model that takes ${options.modelMs} ms\n`,
  )
  console.log(isolationTable(cells.map(cell => cell.row)))
  const results = cells.flatMap(({ row }) => row.comparisons.flatMap(({ shadowed, alone }) => [shadowed, alone]))
  worstLagUs = Math.max(worstLagUs, ...results.map(result => result.driverLagP99Us))
  for (const { row } of cells) row.comparisons.length = 0
}
console.log(
  `\n${describeMachine()}, ${nginx ?? '**no nginx on this machine**'}. Open loop, at most ${options.connections} connections, ` +
    `${options.rounds} rounds × ${options.seconds} s beside as much without shadow; medians (min–max). ${watch.report()} ` +
    `Worst p99 of the driver's own lateness: ${milliseconds(worstLagUs)} ms.`,
)

async function start(proxy: StartProxy, shadow: StandIn | null): Promise<Contender> {
  return resources.add(await proxy({ primaryPort: primary.port, shadow }))
}

async function startCells(): Promise<Cell[]> {
  const baselines = new Map<StartProxy, Contender>()
  for (const proxy of proxies) baselines.set(proxy, await start(proxy, null))
  const cells: Cell[] = []
  for (const [proxy, baseline] of baselines) {
    for (const name of options.shadows as (keyof typeof SHADOWS)[]) {
      const shadow = name === 'none' ? null : resources.add(await StandIn.start(name, 'shadow'))
      const contender = await start(proxy, shadow)
      cells.push({
        row: { shadow: SHADOWS[name], proxy: contender.name, comparisons: [] },
        shadow,
        contender,
        baseline,
      })
    }
  }
  return cells
}

/**
 * Of the slowest proxy with a healthy shadow, so that all are measured at one rate which all of them can carry. The model
 * takes no time here: otherwise the number of connections would be the limit.
 */
async function halfOfSaturation(shape: LoadShape): Promise<number> {
  await using own = new Resources()
  const atOnce = own.add(await StandIn.start('healthy', 'primary'))
  const shadow = own.add(await StandIn.start('healthy', 'shadow'))
  const rates: number[] = []
  for (const proxy of proxies) {
    const contender = own.add(await proxy({ primaryPort: atOnce.port, shadow }))
    // The first run is for the compilers.
    await measureSaturation(driver, contender, shape)
    const saturation = await measureSaturation(driver, contender, shape)
    console.error(`${connectionsOf(shape.fresh)}: ${contender.name} saturates at ${whole(saturation)} requests/s`)
    rates.push(saturation)
  }
  return Math.max(1, Math.round(Math.min(...rates) / 2))
}

/**
 * All rounds of one row, one behind the other: a proxy in JavaScript that has had nothing to do for a minute has let go of
 * compiled code and of memory, and its next second would be measured instead of what its shadow does.
 */
async function measureCell(cell: Cell, shape: LoadShape, ratePerS: number): Promise<void> {
  await warmUp(driver, cell.contender, shape)
  for (let round = 0; round <= options.rounds; round++) {
    const comparison = await compare(cell, shape, ratePerS, round)
    // Round 0 is for the compilers, too: at saturation no copies are made.
    if (round > 0) cell.row.comparisons.push(comparison)
  }
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
      `${cell.row.proxy} answers nothing even without a shadow (${JSON.stringify(unshadowed.errors)}): there is nothing to compare`,
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
