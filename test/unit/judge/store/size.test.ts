import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ENDED_KEPT, Intake } from '../../../../src/judge/intake.ts'
import { Judge } from '../../../../src/judge/judge.ts'
import { Ledger } from '../../../../src/judge/ledger.ts'
import { ROWS_MAX } from '../../../../src/judge/store/windows.ts'
import { openStore, stateDir } from '../../../support/state-dir.ts'
import { seeded, trafficWindow } from '../../../support/traffic-windows.ts'
import { quickPlan, START, windowOf } from '../../../support/verdicts.ts'

const MIB = 2 ** 20
const LONG_MS = 120_000
const PLAN = quickPlan()

function opened(dir: string) {
  const { store, said } = openStore(dir)
  const ledger = new Ledger(store.windows)
  const judge = new Judge()
  return { store, said, ledger, judge, intake: new Intake(ledger, judge, store) }
}

/** Hours of windows as full as they get, with latencies of every kind. @returns the bytes of all files by the hour. */
function sizes(dir: string, hours: number, threads: number): number[] {
  const { intake, store } = opened(dir)
  intake.apply([PLAN])
  const random = seeded(1)
  const pool = Array.from({ length: 50 }, () =>
    trafficWindow(START, random, { experiment: PLAN.id, origin: 'h', pairs: 300 }),
  )
  const full = (second: number, thread: number) => ({
    ...pool[(second + thread) % pool.length],
    second,
    origin: `host/0a1b2c3d/${thread}`,
  })
  const found: number[] = []
  for (let minute = 1; minute <= hours * 60; minute++) {
    const seconds = Array.from({ length: 60 }, (_, i) => START + minute * 60 + i)
    const perThread = Array.from({ length: threads }, (_, thread) => thread)
    intake.take(seconds.flatMap(second => perThread.map(thread => full(second, thread))))
    if (minute % 60 === 0) found.push(bytesOf(dir))
  }
  store.close()
  return found
}

function bytesOf(dir: string): number {
  return readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
}

describe('the state file', () => {
  test('stops growing after an hour, so a year of an experiment is no larger', { timeout: LONG_MS }, () => {
    const dir = stateDir()
    const bytes = sizes(dir, 4, 1)
    console.log(`one thread, by the hour: ${bytes.map(each => (each / MIB).toFixed(1)).join(', ')} MiB`)
    // The second hour may still find room for what a prune takes a minute for.
    expect(bytes[3]).toBeLessThan((bytes[1] as number) * 1.02)
    expect(bytes[3]).toBeLessThan(16 * MIB)
    const { ledger } = opened(dir)
    expect(ledger.windows(PLAN.id, Number.POSITIVE_INFINITY).length).toBeGreaterThanOrEqual(3_600)
  })

  test('has at most so many windows of an experiment, however many threads seal them', { timeout: LONG_MS }, () => {
    const dir = stateDir()
    const bytes = sizes(dir, 1, 8)
    console.log(`eight threads, after an hour: ${((bytes[0] as number) / MIB).toFixed(1)} MiB`)
    expect(bytes[0]).toBeLessThan(50 * MIB)
    const { ledger } = opened(dir)
    expect(ledger.windows(PLAN.id, Number.POSITIVE_INFINITY)).toHaveLength(ROWS_MAX)
    expect(ledger.sealed(PLAN.id)).toBe(8 * 3_600)
  })
})

test('the disk gets back what most of the file was for', { timeout: LONG_MS }, () => {
  const dir = stateDir()
  sizes(dir, 1, 2)
  const large = bytesOf(dir)
  const { intake, store } = opened(dir)
  intake.apply([])
  const next = { ...PLAN, id: 'r.v3.0' }
  intake.apply([next])
  intake.take([windowOf(START + 4 * 3_600, { agree: 1 }, next.id)])
  store.close()
  expect(bytesOf(dir)).toBeLessThan(large / 4)
})

test('of experiments that no configuration has any more the newest are kept, with their verdicts', () => {
  const dir = stateDir()
  const plans = Array.from({ length: ENDED_KEPT + 20 }, (_, i) => ({ ...PLAN, id: `r.v2.${i}` }))
  const first = opened(dir)
  for (const [i, plan] of plans.entries()) {
    first.intake.apply([plan])
    for (let j = 0; j < 40; j++) first.intake.take([windowOf(START + i * 100 + j, { disagree: 50 }, plan.id)])
  }
  first.intake.apply([PLAN])
  const kept = plans.slice(-ENDED_KEPT).map(({ id }) => id)
  expect(first.ledger.experiments()).toEqual(kept)
  first.store.close()
  const again = opened(dir)
  again.intake.apply([PLAN])
  expect(again.ledger.experiments()).toEqual(kept)
  for (const id of kept) expect(again.judge.look(id)?.decision.verdict).toBe('ROLLBACK')
  // Their windows go when they are an hour old, but for those of the last two seconds, which are not judged yet.
  expect(again.ledger.windows(kept[0] as string, 100)).toHaveLength(2)
  expect(again.ledger.windows(kept.at(-1) as string, 100)).toHaveLength(40)
  again.intake.take([windowOf(START, { agree: 1 }, plans[0]?.id)])
  expect(again.ledger.ignored.unknown_experiment).toBe(1)
})
