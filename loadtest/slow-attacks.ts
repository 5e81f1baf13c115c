/**
 * `npm run bench:attacks`: what slow clients do to the others. One Understudy with a healthy primary serves a steady load
 * with and without slowhttptest, one right after the other, and the table holds the ratios.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { INFER_PATH } from './behaviours.ts'
import { readCaseOptions } from './case-options.ts'
import { LoadDriver } from './driver.ts'
import { describeMachine, MachineWatch } from './machine.ts'
import { markdownTable, milliseconds, ratio, whole, withRange } from './markdown.ts'
import { measure, type LoadShape, type Measurement } from './measure.ts'
import { Resources } from './resources.ts'
import { startUnderstudy } from './run-proxy.ts'
import { scrape, total } from './scrape.ts'
import { ATTACK_CONNECTIONS, canAttack, SlowAttack, type AttackMode } from './slow-attack.ts'
import { StandIn } from './stand-in.ts'
import { rotated, spread, type Spread } from './statistics.ts'

const MODES: Readonly<Record<AttackMode, string>> = {
  headers: 'heads that never end (`-H`)',
  body: 'bodies that never end (`-B`)',
  read: 'answers hardly read (`-X`)',
}
const RATE_PER_S = 500
const CONNECTIONS = 32
const WARM_UP_MS = 1000
const TIMEOUT_MS = 5000
/** The gauges of `/metrics` are as old as this. */
const WATCH_MS = 1000
const CALM_TIMEOUT_MS = 20_000
/** Long enough that heads reach the end of `limits.header_wait` (10 s), and are answered and closed by the hundred. */
const SECONDS = 14
const DEFAULTS = { rounds: 5, seconds: SECONDS, quick: { rounds: 1, seconds: 4 }, cases: Object.keys(MODES) }

/** One round: the same load with and without the attack. */
interface Comparison {
  readonly attacked: Measurement
  readonly quiet: Measurement
  /** Most connections of the attack that were open at a time. */
  readonly held: number
}

const options = readCaseOptions(process.argv.slice(2), 'mode', DEFAULTS)
if (!canAttack()) {
  console.error('!! SLOWHTTPTEST IS NOT INSTALLED (Debian: apt install slowhttptest): slow attacks were NOT measured')
  process.exit(0)
}
const watch = new MachineWatch()
const shape: LoadShape = {
  connections: CONNECTIONS,
  fresh: false,
  warmUpMs: WARM_UP_MS,
  measureMs: options.seconds * 1000,
  timeoutMs: TIMEOUT_MS,
}

await using resources = new Resources()
// Attackers and clients want the same model: what a slow client holds of its connections is missing to the others.
const primary = resources.add(await StandIn.start('large', 'primary'))
const driver = resources.add(new LoadDriver())
// With the default limits.
const understudy = resources.add(await startUnderstudy({ primaryPort: primary.port, shadow: null }))
const modes = options.cases as AttackMode[]
const results = new Map<AttackMode, Comparison[]>(modes.map(mode => [mode, []]))

// For the compilers of all processes.
await measureNormal()
for (let round = 0; round < options.rounds; round++) {
  for (const mode of rotated(modes, round)) results.get(mode)?.push(await compare(mode, round))
  console.error(`round ${round + 1} of ${options.rounds}`)
}

const rows = modes.map(mode => cellsOf(MODES[mode], results.get(mode) ?? []))
const all = [...results.values()].flat().flatMap(({ attacked, quiet }) => [attacked, quiet])
const lateUs = Math.max(...all.map(result => result.driverLagP99Us))
console.log(
  `\n${describeMachine()}. ${whole(RATE_PER_S)} requests/s of normal clients, open loop, ${CONNECTIONS} keep-alive connections; ` +
    `${whole(ATTACK_CONNECTIONS)} slow connections; ${options.rounds} rounds × ${options.seconds} s beside as much without attack, ` +
    `medians (min–max). ${watch.report()} Worst p99 of the driver's own lateness: ${milliseconds(lateUs)} ms.\n`,
)
console.log(
  markdownTable(
    [
      'attack',
      'p50 ms',
      'p99 ms',
      'errors',
      'quiet p50 ms',
      'quiet p99 ms',
      'quiet errors',
      'p99 ×',
      'slow connections',
    ],
    rows,
  ),
)

/** What the normal clients see. */
function measureNormal(): Promise<Measurement> {
  return measure(driver, understudy, shape, RATE_PER_S)
}

/** Which comes first changes from round to round. */
async function compare(mode: AttackMode, round: number): Promise<Comparison> {
  const first = round % 2 === 0 ? await measureNormal() : null
  const { attacked, held } = await measureAttacked(mode)
  await calm()
  return { attacked, held, quiet: first ?? (await measureNormal()) }
}

async function measureAttacked(mode: AttackMode): Promise<Pick<Comparison, 'attacked' | 'held'>> {
  const attacked = measureNormal()
  // From the warm-up on, so that the opening is measured, not only what is open.
  await sleep(WARM_UP_MS)
  const attack = new SlowAttack(mode, `http://127.0.0.1:${understudy.port}${INFER_PATH}`)
  try {
    let held = 0
    const lastLookAt = performance.now() + shape.measureMs - WATCH_MS
    while (performance.now() < lastLookAt) {
      await sleep(WATCH_MS)
      held = Math.max(held, total(await scrape(understudy.adminUrl), 'connections') - CONNECTIONS)
    }
    return { attacked: await attacked, held }
  } finally {
    await attack.stop()
  }
}

/** Waits until the connections of the last attack are gone. */
async function calm(): Promise<void> {
  const giveUpAt = performance.now() + CALM_TIMEOUT_MS
  while (total(await scrape(understudy.adminUrl), 'connections') > 0) {
    if (performance.now() > giveUpAt) throw new Error('connections of the attack are still open after it has ended')
    await sleep(200)
  }
}

function cellsOf(name: string, comparisons: readonly Comparison[]): string[] {
  const of = (read: (comparison: Comparison) => number): Spread => spread(comparisons.map(read))
  const sum = (read: (comparison: Comparison) => Measurement): string =>
    whole(comparisons.map(read).reduce((errors, { sent, ok }) => errors + sent - ok, 0))
  return [
    name,
    withRange(
      of(({ attacked }) => attacked.p50Us),
      milliseconds,
    ),
    withRange(
      of(({ attacked }) => attacked.p99Us),
      milliseconds,
    ),
    sum(({ attacked }) => attacked),
    withRange(
      of(({ quiet }) => quiet.p50Us),
      milliseconds,
    ),
    withRange(
      of(({ quiet }) => quiet.p99Us),
      milliseconds,
    ),
    sum(({ quiet }) => quiet),
    withRange(
      of(({ attacked, quiet }) => attacked.p99Us / quiet.p99Us),
      ratio,
    ),
    whole(of(({ held }) => held).median),
  ]
}
