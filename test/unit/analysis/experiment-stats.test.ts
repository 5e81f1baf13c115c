import { describe, expect, test } from 'vitest'
import { ExperimentStats } from '../../../src/analysis/experiment-stats.ts'
import { TopFields } from '../../../src/analysis/top-fields.ts'
import type { Comparison } from '../../../src/sinks/findings.ts'
import { logRatioBucket } from '../../../src/wire/latency-grid.ts'
import { leg, pairFrame } from '../../support/pairs.ts'
import { sum } from '../../support/windows.ts'

const NOW_US = 1_700_000_000_000_000
const frame = pairFrame(leg('1', { latencyUs: 2_000 }), leg('2', { latencyUs: 2_000_000 }))
const found = (result: Comparison['result'], path = '$.a[3].b'): Comparison => ({
  result,
  task: 'structure',
  metrics: {},
  differences: result === 'disagree' ? [{ path, kind: 'value', primary: 1, shadow: 2 }] : [],
  truncated: false,
})

describe('ExperimentStats', () => {
  test('adds up outcomes, durations in seconds, and the log ratio of pairs with two answers', () => {
    const stats = new ExperimentStats('e')
    stats.add(frame, found('disagree'), NOW_US)
    stats.add(frame, found('disagree', '$.a[7].b'), NOW_US)
    stats.add(frame, found('shadow_error'), NOW_US)
    stats.addOutcome('incomparable', 4)
    const report = stats.report(NOW_US)
    expect(report.outcomes).toEqual({
      agree: 0,
      disagree: 2,
      shadow_error: 1,
      primary_error: 0,
      both_error: 0,
      incomparable: 4,
    })
    // Edges 0.001 | 0.0025 and 1 | 2.5 seconds.
    expect(report.legDurations.primary.buckets[2]).toBe(3)
    expect(report.legDurations.shadow.buckets[11]).toBe(3)
    expect(report.legDurations.shadow.sum).toBeCloseTo(6)
    expect(report.logRatio.buckets[logRatioBucket(Math.log(1000))]).toBe(2)
    expect(sum(Object.fromEntries(report.logRatio.buckets.entries()))).toBe(2)
    expect(report.latency.shadow.all).toMatchObject({ count: 3 })
    expect(report.topFields).toEqual([{ path: '$.a[*].b', kind: 'value', count: 2 }])
  })

  test('keeps its last percentiles when retired, and goes on when a late pair comes', () => {
    const stats = new ExperimentStats('e')
    stats.add(frame, found('agree'), NOW_US)
    const before = stats.report(NOW_US)
    stats.retire(NOW_US)
    stats.retire(NOW_US)
    expect(stats.report(NOW_US)).toEqual(before)
    stats.add(frame, found('agree'), NOW_US)
    expect(stats.report(NOW_US)).toMatchObject({ outcomes: { agree: 2 }, latency: { primary: { all: { count: 1 } } } })
  })
})

describe('TopFields', () => {
  test('ranks by count and stays bounded when a model invents keys', () => {
    const fields = new TopFields()
    for (let i = 0; i < 5000; i++) {
      fields.add(`$.key${i}`, 'extra')
      if (i % 2 === 0) fields.add('$.label', 'value')
    }
    expect(fields.top()).toHaveLength(10)
    expect(fields.top()[0]).toEqual({ path: '$.label', kind: 'value', count: 2500 })
  })

  test('keeps which output it was', () => {
    const fields = new TopFields()
    fields.add('$.outputs[1].data[5]', 'value')
    fields.add('$.outputs[1].data[6]', 'value')
    fields.add('$.nested.outputs[1]', 'value')
    expect(fields.top().map(field => field.path)).toEqual(['$.outputs[1].data[*]', '$.nested.outputs[*]'])
  })
})
