import { describe, expect, test } from 'vitest'
import { Intake } from '../../../../src/judge/intake.ts'
import { Judge } from '../../../../src/judge/judge.ts'
import { Ledger } from '../../../../src/judge/ledger.ts'
import type { Store } from '../../../../src/judge/store/store.ts'
import { bumpLateness, type SealedWindow } from '../../../../src/wire/window.ts'
import { openStore, stateDir } from '../../../support/state-dir.ts'
import { seeded, trafficWindow } from '../../../support/traffic-windows.ts'
import { armsOf } from '../../../support/windows.ts'
import { quickPlan, START, windowOf } from '../../../support/verdicts.ts'

const QUICK = quickPlan()
/** Asks of everything a judge keeps: pairs, both arms, and what is frozen for either. */
const PLAN = {
  ...QUICK,
  gates: {
    ...QUICK.gates,
    timeToFirstToken: { percentile: 90, maxIncrease: 0.05, thresholdUs: null },
    canaryErrors: { maxRatio: 2, maxIncrease: 0.05 },
    canaryLatency: { percentile: 90, maxRatio: 3, maxIncrease: 0.05, thresholdUs: null },
  },
}
const THREADS = 3

/** The process' evidence, with a store or without. */
class Evidence {
  readonly judge = new Judge()
  readonly ledger: Ledger
  readonly intake: Intake

  constructor(store: Store | null) {
    this.ledger = new Ledger(store?.windows)
    this.intake = new Intake(this.ledger, this.judge, store)
    this.intake.apply([PLAN])
  }

  /** All that can be seen from outside. */
  get seen() {
    const counts = this.ledger.counts(PLAN.id)
    const { state, means } = this.judge.kept(PLAN.id) ?? {}
    return { look: this.judge.look(PLAN.id), counts, sealed: this.ledger.sealed(PLAN.id), state, means }
  }
}

/**
 * Reports as the analysis thread sends them: threads seal a second at different moments, one is held up now and then, and
 * some windows come twice. A restart makes new origins, so the origin names its boot.
 */
function reports(seed: number, seconds: number, boots: readonly number[]): SealedWindow[][] {
  const random = seeded(seed)
  const late: SealedWindow[] = []
  let boot = 0
  return Array.from({ length: seconds }, (_, i) => {
    if (boots.includes(i)) boot++
    const report = late.splice(0)
    for (let thread = 0; thread < THREADS; thread++) {
      const pairs = 20 + Math.floor(random() * 20)
      const origin = `h/${boot}/${thread}`
      const window = withStreams(
        withArms(trafficWindow(START + i, random, { experiment: PLAN.id, origin, pairs }), random),
        random,
      )
      if (random() < 0.2 && !boots.includes(i + 1)) late.push(window)
      else report.push(window)
      if (random() < 0.05) report.push(window)
    }
    return report
  })
}

/** Every pair is a stream, whose first token comes some time before its end. */
function withStreams(window: SealedWindow, random: () => number): SealedWindow {
  for (let i = 0; i < window.counts.pairs; i++) {
    bumpLateness(window.counts.firstToken, 1_000 * 2 ** (random() * 8), 1_000 * 2 ** (random() * 8))
  }
  return window
}

/** Requests of both arms, at a percentage that is doubled on the way. */
function withArms(window: SealedWindow, random: () => number): SealedWindow {
  const count = (most: number): number => Math.floor(random() * most)
  const arm = (requests: number) => ({ requests, errors: count(2), latency: { 3: requests - 1, [10 + count(5)]: 1 } })
  const arms = armsOf(window.second < START + 60 ? 20 : 40, arm(10 + count(9)), arm(3 + count(4)))
  return { ...window, counts: { ...window.counts, arms } }
}

describe('a restart in the midst of an experiment', () => {
  test.each([1, 2, 3, 4, 5])('gives the same look to the last bit as a process that went on (seed %d)', seed => {
    const random = seeded(seed + 100)
    const boots = [...new Set(Array.from({ length: 6 }, () => 1 + Math.floor(random() * 118)))]
    const all = reports(seed, 120, boots)
    const uninterrupted = new Evidence(null)
    const dir = stateDir()
    let open = openStore(dir)
    let restarted = new Evidence(open.store)
    for (const [i, report] of all.entries()) {
      if (boots.includes(i)) {
        open.store.close()
        open = openStore(dir)
        restarted = new Evidence(open.store)
        expect(restarted.seen).toEqual(uninterrupted.seen)
      }
      expect(restarted.intake.take(report)).toEqual(uninterrupted.intake.take(report))
      expect(restarted.seen.look).toEqual(uninterrupted.seen.look)
    }
    expect(restarted.seen).toEqual(uninterrupted.seen)
    expect(restarted.seen.look?.gates.some(gate => gate.n > 1_000)).toBe(true)
    expect(restarted.seen.look?.gates.find(({ id }) => id === 'time_to_first_token')?.n).toBeGreaterThan(1_000)
    expect(restarted.seen.look?.gates.filter(gate => gate.kind === 'arms' && gate.n > 500)).toHaveLength(2)
    expect(open.said).toEqual([])
  })

  test('goes on beyond the hour that means of batches are kept for', () => {
    const dir = stateDir()
    const first = openStore(dir)
    const uninterrupted = new Evidence(null)
    const before = new Evidence(first.store)
    const random = seeded(7)
    const window = (i: number) => trafficWindow(START + i, random, { experiment: PLAN.id, origin: 'h/0/0', pairs: 2 })
    for (let i = 0; i < 3_700; i += 10) {
      const report = Array.from({ length: 10 }, (_, j) => window(i + j))
      for (const each of [uninterrupted, before]) each.intake.take(report)
    }
    first.store.close()
    const after = new Evidence(openStore(dir).store)
    expect(after.seen).toEqual(uninterrupted.seen)
    const report = Array.from({ length: 10 }, (_, j) => window(3_700 + j))
    for (const each of [uninterrupted, after]) each.intake.take(report)
    expect(after.seen).toEqual(uninterrupted.seen)
  }, 30_000)

  test('keeps a rollback that all evidence since speaks against', () => {
    const dir = stateDir()
    const first = openStore(dir)
    const before = new Evidence(first.store)
    for (let i = 0; i < 90; i++) {
      const pairs = i === 10 ? { disagree: 500 } : { agree: 2_000 }
      before.intake.take([windowOf(START + i, pairs, PLAN.id)])
    }
    expect(before.seen.look?.decision).toMatchObject({
      verdict: 'ROLLBACK',
      reason: expect.stringMatching(/^agreement showed harm before; now /) as string,
    })
    first.store.close()
    expect(new Evidence(openStore(dir).store).seen).toEqual(before.seen)
  })

  test('counts nothing twice that was delivered before it', () => {
    const dir = stateDir()
    const first = openStore(dir)
    const all = reports(9, 30, []).flat()
    const before = new Evidence(first.store)
    before.intake.take(all)
    const { counts } = before.seen
    first.store.close()
    const after = new Evidence(openStore(dir).store)
    after.intake.take(all)
    expect(after.seen.counts).toEqual(counts)
    expect(after.ledger.ignored.duplicate).toBe(all.length)
  })
})
