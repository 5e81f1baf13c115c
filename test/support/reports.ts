import type { ExperimentPlan } from '../../src/config/snapshot.ts'
import { ExperimentJudge } from '../../src/judge/experiment-judge.ts'
import { Ledger } from '../../src/judge/ledger.ts'
import type { ReportInput } from '../../src/judge/report/report-input.ts'
import type { Percentiles } from '../../src/wire/messages.ts'
import { bumpLatencies, emptyCounts, type SealedWindow } from '../../src/wire/window.ts'
import { quickPlan, START, windowOf, type SecondOfPairs } from './verdicts.ts'

/** Latencies of the primary, one pair after the other, microseconds: even, with a tail. The shadow's are twice as long. */
const LATENCIES_US = Array.from({ length: 100 }, (_, i) => 2_000 + 40 * i + (i > 95 ? 30_000 : 0))

const PERCENTILES: Percentiles = { count: 8_000, p50: 4_000, p90: 5_600, p99: 35_900, max: 36_000 }

/** What control would gather after `seconds` such seconds, judged by a real judge. */
export function reportInput(
  pairs: SecondOfPairs,
  seconds: number,
  changes: Partial<ReportInput> = {},
  plan: ExperimentPlan = quickPlan(),
): ReportInput {
  const judge = new ExperimentJudge(plan)
  const ledger = new Ledger()
  for (let second = START; second < START + seconds; second++) {
    const window = withSpread(windowOf(second, pairs, plan.id))
    ledger.add(window)
    judge.take(second, [window])
  }
  const leg = { lastMinute: null, tenMinutes: PERCENTILES, all: PERCENTILES }
  return {
    madeAt: '2026-01-01T12:00:00.000Z',
    version: '0.1.0',
    configuration: { revision: 3, hash: 'abcdef012345' },
    plan,
    isCurrent: true,
    look: judge.look,
    override: null,
    history: judge.history.points,
    counts: ledger.counts(plan.id),
    latency: { primary: leg, shadow: leg },
    topFields: [{ path: '$.outputs[0].data[*]', kind: 'value', count: 400 }],
    confusions: {
      pairs: [
        { primary: '8', shadow: '9', count: 220 },
        { primary: '8', shadow: '3', count: 120 },
      ],
      other: 60,
    },
    noise: null,
    examples: [
      {
        requestId: 'request-1',
        arrivedAt: '2026-01-01T11:59:59.123456Z',
        differences: [{ path: '$.outputs[0].data[0]', kind: 'value', primary: '8', shadow: '9' }],
      },
    ],
    ...changes,
  }
}

/** The same window with latencies as they are, not all alike. */
function withSpread(window: SealedWindow): SealedWindow {
  const { latency, crossings, slowdown } = emptyCounts()
  const counts = { ...window.counts, latency, crossings, slowdown }
  const failed = counts.outcomes.shadow_error
  for (let pair = 0; pair < counts.pairs; pair++) {
    const us = LATENCIES_US[pair % LATENCIES_US.length] ?? 0
    bumpLatencies(counts, us, pair < failed ? Infinity : 2 * us, 1.1)
  }
  return { ...window, counts }
}
