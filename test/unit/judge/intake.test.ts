import { describe, expect, test } from 'vitest'
import type { ExperimentPlan } from '../../../src/config/snapshot.ts'
import { Intake } from '../../../src/judge/intake.ts'
import { Judge } from '../../../src/judge/judge.ts'
import { Ledger } from '../../../src/judge/ledger.ts'
import { openStore, stateDir } from '../../support/state-dir.ts'
import { quickPlan, START, windowOf } from '../../support/verdicts.ts'

const PLAN = quickPlan()

function evidence(plans: readonly ExperimentPlan[] = [PLAN], dir: string | null = null) {
  const store = dir === null ? null : openStore(dir).store
  const ledger = new Ledger(store?.windows)
  const judge = new Judge()
  const intake = new Intake(ledger, judge, store)
  intake.apply(plans)
  return { store, ledger, judge, intake, verdict: () => judge.look(PLAN.id)?.decision }
}

/** Every number that can be reached, however deep. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

describe('windows that are not counted', () => {
  const good = windowOf(START + 9, { agree: 1 }, PLAN.id)
  test.each([
    ['duplicate', good],
    ['late', windowOf(START + 8, { agree: 1 }, PLAN.id)],
    ['unknown_experiment', windowOf(START + 10, { agree: 1 }, 'other')],
    ['corrupt', { ...good, second: -1 }],
    ['corrupt', { ...good, second: 1.5 }],
    ['corrupt', { ...good, schema: 'understudy.window/2' }],
    ['corrupt', { ...good, counts: { ...good.counts, pairs: Number.NaN } }],
    ['corrupt', { ...good, counts: null }],
    ['corrupt', null],
  ] as const)('have a counter: %s', (reason, window) => {
    const { intake, ledger } = evidence()
    intake.take([good])
    const before = ledger.counts(PLAN.id)
    expect(intake.take([window])).toEqual([])
    expect(ledger.counts(PLAN.id)).toEqual(before)
    const zero = { duplicate: 0, late: 0, unknown_experiment: 0, corrupt: 0 }
    expect(ledger.ignored).toEqual({ ...zero, [reason]: 1 })
  })

  test('do not keep those behind them from being counted', () => {
    const { intake, ledger } = evidence()
    intake.take([null, good, 'nonsense', windowOf(START + 10, { agree: 4 }, PLAN.id)])
    expect(ledger.counts(PLAN.id).pairs).toBe(5)
  })

  test('of a stored second that is damaged are counted when it is read again', async () => {
    const dir = stateDir()
    const first = evidence([PLAN], dir)
    first.intake.take([good])
    first.store?.close()
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(first.store?.path ?? '')
    database.exec("UPDATE windows SET text = replace(text, '1', '2')")
    database.close()
    const again = evidence([PLAN], dir)
    expect(again.ledger.ignored.corrupt).toBe(1)
    expect(again.ledger.counts(PLAN.id).pairs).toBe(1)
    expect(again.ledger.windows(PLAN.id, 9)).toEqual([])
  })
})

describe('windows of an experiment that has ended', () => {
  test('belong to it alone: what arrived before the change is not evidence for the new one', () => {
    const next = { ...PLAN, id: 'digits.v2.11111111' }
    const { intake, ledger } = evidence()
    intake.take([windowOf(START, { agree: 1 }, PLAN.id)])
    intake.apply([next])
    intake.take([windowOf(START + 1, { agree: 2 }, PLAN.id), windowOf(START + 1, { agree: 4 }, next.id)])
    expect([PLAN.id, next.id].map(id => ledger.counts(id).pairs)).toEqual([3, 4])
  })
})

describe('the same id with other settings', () => {
  const strict = { ...PLAN, gates: { ...PLAN.gates, agreement: { min: 0.999 } } }

  test('makes the experiment INVALID after a restart, for good', () => {
    const dir = stateDir()
    const first = evidence([PLAN], dir)
    for (let i = 0; i < 60; i++) first.intake.take([windowOf(START + i, { agree: 200 }, PLAN.id)])
    expect(first.verdict()?.verdict).toBe('PROMOTE')
    first.store?.close()
    const second = evidence([strict], dir)
    expect(second.verdict()).toMatchObject({ verdict: 'INVALID', code: 'settings_changed' })
    second.store?.close()
    const third = evidence([PLAN], dir)
    third.intake.take([windowOf(START + 60, { agree: 200 }, PLAN.id, 'other')])
    expect(third.verdict()).toMatchObject({ verdict: 'INVALID', code: 'settings_changed' })
  })

  test('is not said of another share of the traffic, or of the same settings in another order', () => {
    const dir = stateDir()
    const first = evidence([PLAN], dir)
    for (let i = 0; i < 60; i++) first.intake.take([windowOf(START + i, { agree: 200 }, PLAN.id)])
    first.store?.close()
    const gates = Object.fromEntries(Object.entries(PLAN.gates).toReversed()) as unknown as ExperimentPlan['gates']
    expect(evidence([{ ...PLAN, inclusion: 0.1, maxBodyBytes: 1, gates }], dir).verdict()?.verdict).toBe('PROMOTE')
  })
})

describe('the clock', () => {
  test('may have gone back between two runs: evidence goes on, time does not go back, and nothing is NaN', () => {
    const dir = stateDir()
    const first = evidence([PLAN], dir)
    for (let i = 0; i < 30; i++) first.intake.take([windowOf(START + i, { agree: 200 }, PLAN.id, 'h/1/0')])
    const judged = () => first.judge.look(PLAN.id)?.gates.find(({ id }) => id === 'agreement')?.n ?? 0
    const before = judged()
    first.store?.close()
    const second = evidence([PLAN], dir)
    for (let i = 15; i < 45; i++) second.intake.take([windowOf(START + i, { agree: 200 }, PLAN.id, 'h/2/0')])
    const look = second.judge.look(PLAN.id)
    expect(look?.second).toBe(START + 42)
    // 30 seconds of the second run, and the two that waited when the first ended; two of the second still wait.
    expect(look?.gates.find(({ id }) => id === 'agreement')?.n).toBe(before + 30 * 200)
    expect(numbersIn(look).filter(Number.isNaN)).toEqual([])
  })

  test('may be before the experiment: what comes is its warm-up, and it goes on', () => {
    const { intake, verdict, judge } = evidence()
    for (let i = 0; i < 30; i++) intake.take([windowOf(START + i, { agree: 200 }, PLAN.id, 'h/1/0')])
    const judged = judge.look(PLAN.id)?.gates[0]?.n
    intake.take([windowOf(START - 86_400, { disagree: 5_000 }, PLAN.id, 'h/2/0')])
    expect(judge.look(PLAN.id)?.gates[0]?.n).toBe(judged)
    expect(verdict()?.verdict).not.toBe('INVALID')
  })
})

test('an experiment without traffic goes on with a reason and without NaN, also after a restart', () => {
  const dir = stateDir()
  evidence([PLAN], dir).store?.close()
  const { judge } = evidence([PLAN], dir)
  const look = judge.look(PLAN.id)
  expect(look?.decision).toMatchObject({ verdict: 'CONTINUE', reason: expect.stringMatching(/./) as string })
  expect(numbersIn(look).filter(Number.isNaN)).toEqual([])
})
