/**
 * `npm run bench:attacks`: what slow clients do to the others. The normal clients of one Understudy are measured without
 * slowhttptest, while it attacks a second Understudy beside the first, and while it attacks the first: what attacker and
 * bytes cost the machine is in both attacks, what an attack does to the others of its proxy only in the last.
 */
import { measureAttacks, type AttackFinding, type AttackScene } from './attack-rounds.ts'
import { attackTable, type AttackRow } from './attack-table.ts'
import { AwakeCores } from './awake-cores.ts'
import { MODEL_MS } from './behaviours.ts'
import { readCaseOptions } from './case-options.ts'
import { LoadDriver } from './driver.ts'
import { enterEthernet } from './ethernet.ts'
import { describeMachine, MachineWatch } from './machine.ts'
import { milliseconds, whole } from './markdown.ts'
import { warmUp } from './measure.ts'
import { Resources } from './resources.ts'
import { nginxVersion, startNginx } from './run-nginx.ts'
import { startUnderstudy } from './run-proxy.ts'
import { ATTACK_CONNECTIONS, canAttack, type AttackMode } from './slow-attack.ts'
import { StandIn } from './stand-in.ts'
import { rotated } from './statistics.ts'

const MODES: Readonly<Record<AttackMode, string>> = {
  headers: 'heads that never end (`-H`)',
  body: 'bodies that never end (`-B`)',
  read: 'answers hardly read (`-X`)',
}
const ROWS: Readonly<Record<AttackFinding['mode'], string>> = { none: 'none (noise of the method)', ...MODES }
const RATE_PER_S = 500
const CONNECTIONS = 32
const WARM_UP_MS = 500
const TIMEOUT_MS = 5000
const FIRST_ATTACK_MS = 4000
/** Long enough that heads reach the end of `limits.header_wait` (10 s), and are answered and closed by the hundred. */
const SECONDS = 12
const DEFAULTS = { rounds: 3, seconds: SECONDS, quick: { rounds: 1, seconds: 4 }, cases: Object.keys(MODES) }

const options = readCaseOptions(process.argv.slice(2), 'mode', DEFAULTS)
if (!canAttack()) {
  console.error('!! SLOWHTTPTEST IS NOT INSTALLED (Debian: apt install slowhttptest): slow attacks were NOT measured')
  process.exit(0)
}
const isEthernet = enterEthernet()
const nginx = nginxVersion()
if (nginx === null) console.error('!! NGINX IS NOT INSTALLED: the table will hold Understudy only')
const watch = new MachineWatch()
const modes = options.cases as AttackMode[]

await using resources = new Resources()
resources.add(new AwakeCores())
const shape = {
  connections: CONNECTIONS,
  fresh: false,
  warmUpMs: WARM_UP_MS,
  measureMs: options.seconds * 1000,
  timeoutMs: TIMEOUT_MS,
}
const load = { driver: resources.add(new LoadDriver()), shape, ratePerS: RATE_PER_S }
const scenes = await startScenes()
const tables = scenes.map(scene => ({ scene, rows: emptyRows(scene) }))

// The bystander, too: it must not compile what the measured one has compiled long ago.
for (const { measured, bystander } of scenes) {
  for (const contender of bystander === null ? [measured] : [measured, bystander]) {
    await warmUp(load.driver, contender, shape)
  }
}
for (let round = 0; round <= options.rounds; round++) {
  for (const { scene, rows } of rotated(tables, round)) {
    // Round 0 is for the compilers: what only attacks do is slow the first time, for the bystander as well.
    const shape = round === 0 ? { ...load.shape, measureMs: FIRST_ATTACK_MS } : load.shape
    const findings = await measureAttacks({ ...load, shape }, scene, modes, round)
    if (round === 0) continue
    for (const { mode, comparison } of findings) rows.get(mode)?.comparisons.push(comparison)
  }
  console.error(round === 0 ? 'warmed up' : `round ${round} of ${options.rounds}`)
}

const rows = tables.flatMap(table => [...table.rows.values()])
const results = rows.flatMap(row =>
  row.comparisons.flatMap(({ quiet, bystander, attacked }) => [quiet, bystander, attacked]),
)
const lateUs = Math.max(...results.map(result => result?.driverLagP99Us ?? 0))
console.log(
  `\n${describeMachine()}, ${nginx ?? '**no nginx on this machine**'}. Packets of ${isEthernet ? 'Ethernet' : 'loopback'}, cores kept awake. A model that takes ${MODEL_MS} ms; ` +
    `${whole(RATE_PER_S)} requests/s of normal clients, ` +
    `open loop, ${CONNECTIONS} keep-alive connections; ${whole(ATTACK_CONNECTIONS)} slow connections; ${options.rounds} rounds, ` +
    `each run ${options.seconds} s; medians (min–max). ${watch.report()} ` +
    `Worst p99 of the driver's own lateness: ${milliseconds(lateUs)} ms.\n`,
)
console.log(attackTable(rows))

/** All with the default limits. Attackers and clients want the same model, so they share the connections to it. */
async function startScenes(): Promise<AttackScene[]> {
  const primary = resources.add(await StandIn.start('large', 'primary', MODEL_MS))
  const another = resources.add(await StandIn.start('large', 'primary', MODEL_MS))
  const topology = { primaryPort: primary.port, shadow: null }
  const measured = resources.add(await startUnderstudy(topology))
  const bystander = resources.add(await startUnderstudy({ ...topology, primaryPort: another.port }))
  const understudy = { measured, bystander }
  return nginx === null
    ? [understudy]
    : [understudy, { measured: resources.add(await startNginx(topology)), bystander: null }]
}

function emptyRows({ measured }: AttackScene): Map<AttackFinding['mode'], AttackRow> {
  const names = ['none', ...modes] as const
  return new Map(names.map(mode => [mode, { attack: ROWS[mode], proxy: measured.name, comparisons: [] }]))
}
