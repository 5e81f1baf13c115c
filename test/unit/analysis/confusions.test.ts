import { describe, expect, test } from 'vitest'
import { Confusions, redactLabels } from '../../../src/analysis/confusions.ts'
import { MetricSums } from '../../../src/analysis/metric-sums.ts'

const label = (primary: string, shadow: string) => ({ path: '$.outputs[0].data', primary, shadow })

describe('Confusions', () => {
  test('counts changes of class, most frequent first', () => {
    const confusions = new Confusions()
    confusions.add([label('cat', 'dog'), label('dog', 'cat')], 2)
    confusions.add([label('cat', 'dog')], 1)
    expect(confusions.report()).toEqual({
      confusions: [
        { primary: 'cat', shadow: 'dog', count: 2 },
        { primary: 'dog', shadow: 'cat', count: 1 },
      ],
      otherConfusions: 0,
    })
  })

  test('stays bounded when a model invents labels, and loses no count', () => {
    const confusions = new Confusions()
    for (let i = 0; i < 5000; i++) {
      confusions.add([label(`label ${i}`, 'x')], 3)
      if (i % 2 === 0) confusions.add([label('cat', 'dog')], 1)
    }
    const report = confusions.report()
    expect(report.confusions).toHaveLength(50)
    expect(report.confusions[0]).toEqual({ primary: 'cat', shadow: 'dog', count: 2500 })
    const listed = report.confusions.reduce((sum, { count }) => sum + count, 0)
    expect(listed + report.otherConfusions).toBe(15_000 + 2500)
  })

  test('cuts what is no label but a text', () => {
    const confusions = new Confusions()
    confusions.add([label('x'.repeat(1000), 'y')], 1)
    expect(confusions.report().confusions[0]?.primary).toBe(`${'x'.repeat(64)}…`)
  })

  test('shows nothing of redacted fields', () => {
    expect(redactLabels([label('cat', 'dog')], [['outputs', 0, 'data']])).toEqual([label('[redacted]', '[redacted]')])
    expect(redactLabels([label('cat', 'dog')], [['outputs', 0, 'data', 3]])).toEqual([
      label('[redacted]', '[redacted]'),
    ])
    expect(redactLabels([label('cat', 'dog')], [['email']])).toEqual([label('cat', 'dog')])
  })
})

test('MetricSums adds up each metric over the pairs that have it', () => {
  const sums = new MetricSums()
  sums.add({ jsd: 0.25, flips: 1 })
  sums.add({ jsd: 0.5 })
  sums.add({})
  expect(sums.report()).toEqual({ jsd: { count: 2, sum: 0.75 }, flips: { count: 1, sum: 1 } })
})
