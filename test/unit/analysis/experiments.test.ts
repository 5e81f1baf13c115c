import { describe, expect, test } from 'vitest'
import { Experiments } from '../../../src/analysis/experiments.ts'
import { experimentPlan, leg, pairFrame, snapshotOf } from '../../support/pairs.ts'
import { range } from '../../support/sink-records.ts'

const NOW_US = 1_700_000_000_000_000
const id = (n: number): string => `digits.v${n}.00000000`

function begun(count: number): Experiments {
  const experiments = new Experiments()
  experiments.begin(snapshotOf(range(0, count).map(n => experimentPlan({ id: id(n) }))))
  return experiments
}

const ids = (experiments: Experiments): string[] => experiments.all().map(({ experiment }) => experiment)

describe('the experiments of the analysis thread', () => {
  test('have one set of totals each, through every configuration that has them', () => {
    const experiments = begun(2)
    const first = experiments.of(id(0))
    experiments.begin(snapshotOf([experimentPlan({ id: id(0) }), experimentPlan({ id: id(2) })]))
    expect(experiments.of(id(0))).toBe(first)
    expect(ids(experiments)).toEqual([id(0), id(1), id(2)])
  })

  test('are still reported when they have ended, with their last percentiles', () => {
    const experiments = begun(2)
    const answer = leg('1')
    const comparison = { result: 'agree', task: 'structure', metrics: {}, differences: [], truncated: false } as const
    experiments.of(id(0)).add(pairFrame(answer, answer), comparison, NOW_US)
    expect(experiments.retire(each => each === id(1), NOW_US)).toEqual([id(0)])
    const hoursLaterUs = NOW_US + 3 * 3_600e6
    expect(experiments.of(id(0)).report(hoursLaterUs)).toMatchObject({
      outcomes: { agree: 1 },
      latency: { primary: { lastMinute: { count: 1 } } },
    })
    expect(ids(experiments)).toEqual([id(0), id(1)])
  })

  test('are forgotten when they have ended and there are more than 256, the oldest first', () => {
    const experiments = begun(260)
    const isConfigured = (each: string): boolean => each === id(1) || each === id(259)
    experiments.retire(isConfigured, NOW_US)
    expect(ids(experiments)).toEqual([id(1), ...range(5, 260).map(id)])
    experiments.retire(isConfigured, NOW_US)
    expect(ids(experiments)).toHaveLength(256)
  })
})
