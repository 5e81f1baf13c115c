import { describe, expect, test } from 'vitest'
import { gateFigure, gateInterval, gateUnit, latencyFigure, shareFigure } from '../../../../src/judge/report/figures.ts'
import { readExample } from '../../../../src/judge/report/report-input.ts'
import { settings } from '../../../../src/judge/report/settings.ts'
import { linearScale, roundTicks, timeTicks } from '../../../../src/judge/report/svg/scale.ts'
import { comparePlan, experimentPlan } from '../../../support/pairs.ts'

describe('figures', () => {
  test('of a gate are in the unit of its margin', () => {
    const gates = ['agreement', 'errors', 'time_to_first_token', 'slowdown', 'canary_errors', 'score']
    expect(gates.map(gate => gateFigure(gateUnit(gate, { agreement: { min: 0.99 } }), 0.25))).toEqual([
      '25 %',
      '+25 points',
      '+25 points',
      '25 %',
      'x 0.25',
      '0.25',
    ])
    expect(gateFigure('share', null)).toBe('—')
    expect(gateInterval('ratio', { lower: 0.5, upper: null })).toBe('x 0.5 to no bound')
  })

  test('of agreement below the noise are points, of which there may be less than none', () => {
    const unit = gateUnit('agreement', { agreement: { belowNoise: 0.01 } })
    expect(gateFigure(unit, -0.004)).toBe('-0.4 points')
    expect(gateInterval(unit, { lower: -0.02, upper: 0.01 })).toBe('-2 points to +1 points')
  })

  test('of latencies and shares are short', () => {
    expect([1, 999, 1_234_567, 300_000_000].map(latencyFigure)).toEqual(['0.001 ms', '0.999 ms', '1.23 s', '300 s'])
    expect([shareFigure(1, 3), shareFigure(0, 0)]).toEqual(['33.33 %', '—'])
  })
})

describe('ticks', () => {
  test.each([
    [0, 1, 4, [0, 0.5, 1]],
    [0.953, 0.992, 4, [0.96, 0.97, 0.98, 0.99]],
    [-0.002, 0.002, 4, [-0.002, -0.001, 0, 0.001, 0.002]],
    [5, 5, 4, []],
  ])('from %d to %d are round', (from, to, count, ticks) => {
    expect(roundTicks(from, to, count)).toEqual(ticks)
  })

  test.each([
    [5, [0, 1, 2, 3, 4, 5]],
    [100, [0, 30, 60, 90]],
    [86_400, [0, 21_600, 43_200, 64_800, 86_400]],
    [864_000, [0, 172_800, 345_600, 518_400, 691_200, 864_000]],
  ])('over %d seconds are durations people count in', (seconds, ticks) => {
    expect(timeTicks(seconds, 6)).toEqual(ticks)
  })

  test('a scale keeps what is outside on its edge', () => {
    const scale = linearScale(0, 10, 100, 200)
    expect([-5, 0, 5, 10, 50].map(scale)).toEqual([100, 100, 150, 200, 200])
    expect(linearScale(3, 3, 100, 200)(3)).toBe(100)
  })
})

describe('settings', () => {
  test('list everything a verdict depends on, in words', () => {
    const plan = experimentPlan({
      compare: comparePlan({ ignore: [['id'], ['a', 0, { any: true }, "it's"]] }),
      gates: { ...experimentPlan().gates, latency: { percentile: 99, maxIncrease: 0.005, thresholdUs: 250_000 } },
    })
    const values = Object.fromEntries(settings(plan).map(({ key, value }) => [key, value]))
    expect(values).toMatchObject({
      inclusion: '1',
      max_body: '1 048 576 bytes',
      'compare.ignore': "$.id, $.a[0].*['it\\'s']",
      'compare.tolerance.relative': '0.001',
      'gates.agreement.min': '0.99',
      'gates.latency.threshold': '250 ms',
      'gates.slowdown': '—',
      'verdict.alpha_rollback': '0.01',
      'verdict.min_duration': '10 min',
    })
  })

  test('list the unit and the settings of single fields', () => {
    const tolerance = { absolute: 0.5, relative: 0 }
    const plan = experimentPlan({
      unit: { source: 'header:x-session-id', isRedacted: true },
      compare: comparePlan({
        fields: [
          { path: ['scores', { any: true }], tolerance, order: 'list' },
          { path: ['tags'], tolerance: null, order: 'set' },
        ],
      }),
    })
    expect(settings(plan).filter(({ key }) => key === 'unit' || key.startsWith('compare.fields'))).toEqual([
      { key: 'unit', value: 'header:x-session-id' },
      { key: 'compare.fields.$.scores.*.tolerance.absolute', value: '0.5' },
      { key: 'compare.fields.$.scores.*.tolerance.relative', value: '0' },
      { key: 'compare.fields.$.scores.*.order', value: 'list' },
      { key: 'compare.fields.$.tags.tolerance', value: '—' },
      { key: 'compare.fields.$.tags.order', value: 'set' },
    ])
  })

  test('of an experiment that compares nothing say so', () => {
    expect(settings(experimentPlan({ compare: null }))).toContainEqual({ key: 'compare', value: '—' })
  })
})

describe('an example', () => {
  test('is read from a pair record', () => {
    const differences = [{ path: '$.a', kind: 'value', primary: { b: 1 }, shadow: null }]
    const record = { requestId: 'r', arrivedAt: '2026-01-01T00:00:00.000000Z', comparison: { differences } }
    expect(readExample(record)).toEqual({
      requestId: 'r',
      arrivedAt: '2026-01-01T00:00:00.000000Z',
      differences: [{ path: '$.a', kind: 'value', primary: '{"b":1}', shadow: 'null' }],
    })
  })

  test.each([null, 7, {}, { requestId: 'r' }, { requestId: 'r', arrivedAt: 'x', comparison: { differences: 1 } }])(
    'is not read from %j',
    record => expect(readExample(record)).toBeNull(),
  )
})
