import { describe, expect, test } from 'vitest'
import { parseSamples, total } from '../../../loadtest/scrape.ts'

const TEXT = `# HELP understudy_requests_total Answers given to clients
# TYPE understudy_requests_total counter
understudy_requests_total{route="a",code_class="2xx"} 40
understudy_requests_total{route="b \\"c\\"",code_class="5xx"} 2
understudy_connections 7
understudy_event_loop_lag_seconds{thread="0"} 1.5e-05
`

describe('parseSamples', () => {
  test('reads names, labels and values', () => {
    expect(parseSamples(TEXT)).toEqual([
      { name: 'understudy_requests_total', labels: { route: 'a', code_class: '2xx' }, value: 40 },
      { name: 'understudy_requests_total', labels: { route: 'b \\"c\\"', code_class: '5xx' }, value: 2 },
      { name: 'understudy_connections', labels: {}, value: 7 },
      { name: 'understudy_event_loop_lag_seconds', labels: { thread: '0' }, value: 0.000015 },
    ])
  })

  test('adds up a metric over its labels', () => {
    expect(total(parseSamples(TEXT), 'requests_total')).toBe(42)
    expect(total(parseSamples(TEXT), 'nothing_total')).toBe(0)
  })
})
