import { describe, expect, test } from 'vitest'
import { measureAttacks } from '../../../loadtest/attack-rounds.ts'
import type { Contender } from '../../../loadtest/contender.ts'
import { LoadDriver } from '../../../loadtest/driver.ts'
import { openConnections } from '../../../loadtest/open-connections.ts'
import { Resources } from '../../../loadtest/resources.ts'
import { canAttack } from '../../../loadtest/slow-attack.ts'
import { StandIn } from '../../../loadtest/stand-in.ts'

const CONNECTIONS = 4
const RATE_PER_S = 50
const SHAPE = { connections: CONNECTIONS, fresh: false, warmUpMs: 100, measureMs: 1500, timeoutMs: 1000 }
/** Quiet, two attacks, quiet: of these requests, each run sends so many. */
const REQUESTS_PER_RUN = ((SHAPE.warmUpMs + SHAPE.measureMs) / 1000) * RATE_PER_S

function direct(standIn: StandIn): Contender {
  return { name: 'model server', port: standIn.port, cpuMs: () => 0, stop: () => standIn.stop() }
}

describe.skipIf(!canAttack())('measureAttacks', () => {
  test('attacks the bystander and the measured one in turn, and leaves nothing behind', {
    timeout: 30_000,
  }, async () => {
    await using resources = new Resources()
    const [measured, bystander] = [
      resources.add(await StandIn.start('healthy', 'primary')),
      resources.add(await StandIn.start('healthy', 'primary')),
    ]
    const load = { driver: resources.add(new LoadDriver()), shape: SHAPE, ratePerS: RATE_PER_S }
    const scene = { measured: direct(measured), bystander: direct(bystander) }

    const findings = await measureAttacks(load, scene, ['headers'], 0)

    expect(findings.map(({ mode }) => mode)).toEqual(['headers', 'none'])
    const { quiet, bystander: beside, attacked, held } = findings[0]?.comparison ?? {}
    for (const result of [quiet, beside, attacked]) expect(result?.ok).toBe(RATE_PER_S * 1.5)
    expect(held).toBeGreaterThan(50)
    // Heads that never end are no requests, only slowhttptest's own question whether the server still answers is one: the
    // normal clients are all with the measured one.
    expect((await measured.counts()).requests).toBeGreaterThanOrEqual(4 * REQUESTS_PER_RUN)
    const beaten = await bystander.counts()
    expect(beaten.requests).toBeLessThan(REQUESTS_PER_RUN)
    expect(beaten.connections).toBeGreaterThan(50)
    expect([measured, bystander].map(({ port }) => openConnections(port))).toEqual([0, 0])
  })
})
