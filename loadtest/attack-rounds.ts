import { setTimeout as sleep } from 'node:timers/promises'
import type { AttackComparison } from './attack-table.ts'
import { INFER_PATH } from './behaviours.ts'
import type { Contender } from './contender.ts'
import type { LoadDriver } from './driver.ts'
import { measure, type LoadShape, type Measurement } from './measure.ts'
import { openConnections } from './open-connections.ts'
import { ALL_OPEN_MS, SlowAttack, type AttackMode } from './slow-attack.ts'
import { rotated } from './statistics.ts'
import { tcpMemoryShare } from './tcp-memory.ts'

const CALM_TIMEOUT_MS = 20_000
const CALM_LOOK_MS = 50

/** Whose normal clients are measured, and a process beside it that can be attacked instead. */
export interface AttackScene {
  readonly measured: Contender
  readonly bystander: Contender | null
}

/** The load of the normal clients. */
export interface NormalLoad {
  readonly driver: LoadDriver
  readonly shape: LoadShape
  readonly ratePerS: number
}

/** What a round found out; `none` is quiet against quiet. */
export interface AttackFinding {
  readonly mode: AttackMode | 'none'
  readonly comparison: AttackComparison
}

interface Attacked {
  readonly result: Measurement
  readonly held: number
  readonly tcpMemory: number
}

/**
 * One round over all modes. Quiet runs stand before, between and after the attacks; in four rounds an attack comes before
 * and behind the quiet run that it is compared with, and before and behind the bystander's.
 */
export async function measureAttacks(
  load: NormalLoad,
  scene: AttackScene,
  modes: readonly AttackMode[],
  round: number,
): Promise<AttackFinding[]> {
  const { measured, bystander } = scene
  const comparesBefore = Math.floor(round / 2) % 2 === 0
  const findings: AttackFinding[] = []
  let before = await measureQuiet(load, measured)
  for (const mode of rotated(modes, round)) {
    const found = new Map<Contender, Attacked>()
    for (const victim of rotated(bystander === null ? [measured] : [bystander, measured], round)) {
      found.set(victim, await measureAttacked(load, measured, victim, mode))
    }
    const after = await measureQuiet(load, measured)
    const [quiet, other] = comparesBefore ? [before, after] : [after, before]
    const { result: attacked, held, tcpMemory } = found.get(measured) as Attacked
    const beside = bystander === null ? null : (found.get(bystander) as Attacked).result
    findings.push(
      { mode, comparison: { quiet, bystander: beside, attacked, held, tcpMemory } },
      { mode: 'none', comparison: { quiet, bystander: null, attacked: other, held: null, tcpMemory: null } },
    )
    before = after
  }
  return findings
}

function measureQuiet({ driver, shape, ratePerS }: NormalLoad, measured: Contender): Promise<Measurement> {
  return measure(driver, measured, shape, ratePerS)
}

/** What the clients of `measured` see while `victim` is attacked. Returns when nothing of the attack is left. */
async function measureAttacked(
  load: NormalLoad,
  measured: Contender,
  victim: Contender,
  mode: AttackMode,
): Promise<Attacked> {
  const { warmUpMs, measureMs, connections } = load.shape
  const measuring = measureQuiet(load, measured)
  // From the warm-up on, so that the opening is measured, not only what is open.
  await sleep(warmUpMs)
  const attack = new SlowAttack(mode, `http://127.0.0.1:${victim.port}${INFER_PATH}`)
  let attacked: Attacked
  try {
    await sleep(Math.min(measureMs, ALL_OPEN_MS))
    const held = openConnections(victim.port) - (victim === measured ? connections : 0)
    attacked = { result: await measuring, held, tcpMemory: tcpMemoryShare() }
  } finally {
    await attack.stop()
  }
  await calm(victim)
  return attacked
}

/** Waits until the connections of the last attack are gone. */
async function calm(victim: Contender): Promise<void> {
  const giveUpAt = performance.now() + CALM_TIMEOUT_MS
  while (openConnections(victim.port) > 0) {
    if (performance.now() > giveUpAt) {
      throw new Error(`${victim.name} still has connections of the attack ${CALM_TIMEOUT_MS} ms after its end`)
    }
    await sleep(CALM_LOOK_MS)
  }
}
