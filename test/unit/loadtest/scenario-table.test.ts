import { describe, expect, test } from 'vitest'
import type { LoadResult } from '../../../loadtest/load-plan.ts'
import { copiesIn, scenarioTable } from '../../../loadtest/scenario-table.ts'
import { parseSamples } from '../../../loadtest/scrape.ts'

function result(p50Us: number, p99Us: number, changes: Partial<LoadResult> = {}): LoadResult {
  const errors = { refused: 0, reset: 0, timeout: 0, status: 0, protocol: 0, local: 0 }
  const times = { p50Us, p90Us: 0, p99Us, p999Us: 0, maxUs: 0, firstByteP50Us: 400, firstByteP99Us: 900 }
  return { sent: 1000, ok: 1000, errors, ...times, achievedPerS: 500, driverLagP99Us: 0, windows: [], ...changes }
}

const copies = { sent: 1500, dropped: new Map([['in_flight', 1200]]) }

describe('scenarioTable', () => {
  test('holds ratios taken round by round, errors of both sides, and why copies were dropped', () => {
    const errors = { refused: 0, reset: 0, timeout: 10, status: 0, protocol: 0, local: 0 }
    const rounds = [
      { subject: result(500, 2000), reference: result(500, 1000) },
      // The machine was ten times slower, for both.
      { subject: result(5000, 20_000), reference: result(5000, 20_000, { ok: 990, errors }) },
      { subject: result(600, 3000), reference: result(500, 2000) },
    ]
    const line = scenarioTable([{ title: 'x', streams: false, rounds, copies, rssBytes: 2 ** 27 }]).split('\n')[2]
    expect(line).toBe(
      '| x | 500 | 0.600 | 3.000 | — | 0 | 10 timeout (0.3 %) | 1.00 (1.00–1.20) | 1.50 (1.00–2.00) | 1 500 | 1 200 in_flight | 128 |',
    )
  })

  test('shows the first byte of streams', () => {
    const rounds = [{ subject: result(1, 1), reference: result(1, 1) }]
    const none = { sent: 0, dropped: new Map<string, number>() }
    expect(scenarioTable([{ title: 'x', streams: true, rounds, copies: none, rssBytes: 0 }])).toContain(
      '| 0.400, 0.900 (p99 × 1.00) | 0 | 0 | 1.00 | 1.00 | 0 | 0 | 0 |',
    )
  })
})

describe('copiesIn', () => {
  test('adds up over routes and leaves out reasons that did not happen', () => {
    const samples = parseSamples(
      [
        'understudy_shadow_sent_total{route="a",shadow="s"} 4',
        'understudy_shadow_sent_total{route="b",shadow="s"} 5',
        'understudy_shadow_dropped_total{route="a",shadow="s",reason="in_flight"} 1',
        'understudy_shadow_dropped_total{route="b",shadow="s",reason="in_flight"} 2',
        'understudy_shadow_dropped_total{route="b",shadow="s",reason="memory"} 0',
      ].join('\n'),
    )
    expect(copiesIn(samples)).toEqual({ sent: 9, dropped: new Map([['in_flight', 3]]) })
  })
})
