import { describe, expect, test } from 'vitest'
import { Replay, ReplayError } from '../../../src/replay/replay.ts'
import { experimentPlan, snapshotOf } from '../../support/pairs.ts'
import { replayed } from '../../support/recording.ts'
import { START, windowOf } from '../../support/verdicts.ts'

const DIGITS = experimentPlan({ id: 'digits.v2.00000000' })
const CHURN = experimentPlan({ id: 'churn.v2.00000000', route: 'churn' })
const SNAPSHOT = snapshotOf([DIGITS, CHURN])

const lineOf = (experiment: string): string => JSON.stringify(windowOf(START, { agree: 1 }, experiment))
const chosen = (experiments: readonly string[], wanted?: string) => {
  const { evidence, plan, leftovers } = replayed(experiments.map(lineOf), SNAPSHOT, wanted)
  return { recorded: evidence.recorded, plan: plan.id, others: Object.keys(leftovers.otherExperiments) }
}

describe('the experiment that is judged', () => {
  test('is the only one in the records, by its own plan or that of its route and candidate', () => {
    expect(chosen([DIGITS.id])).toMatchObject({ recorded: DIGITS.id, plan: DIGITS.id })
    expect(chosen(['churn.v2.99999999'])).toMatchObject({ recorded: 'churn.v2.99999999', plan: CHURN.id })
  })

  test('is the current one of several settings of one route and candidate', () => {
    const earlier = 'digits.v2.11111111'
    expect(chosen([earlier, DIGITS.id])).toEqual({ recorded: DIGITS.id, plan: DIGITS.id, others: [earlier] })
  })

  test('is the one that is asked for, by its id or by route and candidate', () => {
    const earlier = 'digits.v2.11111111'
    const all = [earlier, DIGITS.id, CHURN.id]
    expect(chosen(all, earlier)).toMatchObject({ recorded: earlier, plan: DIGITS.id })
    expect(chosen(all, 'churn.v2')).toMatchObject({ recorded: CHURN.id, plan: CHURN.id })
    expect(chosen(all, 'digits.v2')).toMatchObject({ recorded: DIGITS.id, plan: DIGITS.id })
  })

  test.each<[string, readonly string[], string | undefined, RegExp]>([
    ['there are none', [], undefined, /no pair or window in the records: they are empty/],
    ['several could be meant', [DIGITS.id, CHURN.id], undefined, /several experiments: digits.*, churn.*--experiment/],
    ['several settings, none of them current', ['churn.v2.1', 'churn.v2.2'], undefined, /churn\.v2\.1, churn\.v2\.2/],
    ['it is not in the records', [DIGITS.id], 'churn.v2', /no records of churn\.v2: .* of digits\.v2\.00000000/],
    ['the routing file has none such', ['x.y.00000000'], undefined, /no such route .* it has digits\.v2, churn\.v2/],
  ])('cannot be told where %s', (_why, experiments, wanted, message) => {
    expect(() => chosen(experiments, wanted)).toThrow(ReplayError)
    expect(() => chosen(experiments, wanted)).toThrow(message)
  })

  test('is found among damaged lines, which are counted', () => {
    const lines = ['{"schema":"understudy.win', lineOf(DIGITS.id), '', '\r', '{"schema":"understudy.gap/1"}']
    expect(replayed(lines, SNAPSHOT).leftovers).toMatchObject({ lines: 3, damaged: 1, otherRecords: 1 })
    const replay = new Replay({ plans: [DIGITS], wanted: null, log: () => undefined })
    replay.take('damaged')
    replay.takeTooLong()
    expect(() => replay.choose()).toThrow('2 lines were read, 2 damaged')
  })
})
