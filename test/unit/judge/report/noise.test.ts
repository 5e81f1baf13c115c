import { describe, expect, test } from 'vitest'
import { agreementBelowNoiseGate } from '../../../../src/evidence/paired-gates.ts'
import { noiseFigures } from '../../../../src/judge/noise.ts'
import { renderReport } from '../../../../src/judge/report/format.ts'
import type { ExperimentReport } from '../../../../src/wire/messages.ts'
import { ExperimentStats } from '../../../../src/analysis/experiment-stats.ts'
import { leg, pairFrame } from '../../../support/pairs.ts'
import { reportInput } from '../../../support/reports.ts'
import { quickPlan } from '../../../support/verdicts.ts'

/** What the analysis thread says of `pairs`, of which so many differ at `$.text` by this much. */
function reportOf(pairs: number, differing: number, similarity: number): ExperimentReport {
  const stats = new ExperimentStats('chat')
  const frame = pairFrame(leg('a'), leg('b'))
  for (let i = 0; i < pairs; i++) {
    const isDifferent = i < differing
    const differences = isDifferent ? [{ path: '$.text', kind: 'value', primary: 'a', shadow: 'b' } as const] : []
    const result = isDifferent ? 'disagree' : 'agree'
    const metrics: Readonly<Record<string, number>> = isDifferent ? { similarity } : {}
    stats.add(frame, { result, task: 'generation', metrics, differences, truncated: false }, 1)
  }
  return { ...stats.report(1), forgottenVotes: 0 }
}

const noise = noiseFigures('chat.v1b.00000000', {
  votes: { neither: 560, shadow: 40, control: 20, both: 380 },
  shadow: reportOf(1_000, 420, 0.5),
  control: reportOf(500, 200, 0.75),
})

const quick = quickPlan()
const belowNoise = { ...quick, gates: { ...quick.gates, agreement: { belowNoise: 0.01 } } }
const PAIRS = { agree: 90, disagree: 5 }

describe('noise', () => {
  test('is that of the control, by request, by field and by metric, and the excess is what is over it', () => {
    expect(noise).toMatchObject({ requests: 1_000, raw: 0.42, noise: 0.4, excess: 0.02 })
    expect(noise.fields).toEqual([
      { path: '$.text', kind: 'value', raw: 0.42, noise: 0.4, excess: expect.closeTo(0.02) },
    ])
    expect(noise.metrics).toEqual([
      { metric: 'similarity', raw: { pairs: 420, mean: 0.5 }, noise: { pairs: 200, mean: 0.75 }, excess: -0.25 },
    ])
  })

  test('without requests and pairs is not known', () => {
    const votes = { neither: 0, shadow: 0, control: 0, both: 0 }
    const none = noiseFigures('c', { votes, shadow: null, control: null })
    expect(none).toMatchObject({ raw: null, noise: null, excess: null, fields: [], metrics: [] })
    expect(noiseFigures('c', { votes, shadow: reportOf(2, 1, 0.5), control: null }).metrics).toMatchObject([
      { metric: 'similarity', noise: null, excess: null },
    ])
  })
})

describe('the report of a route with a control', () => {
  const input = reportInput(PAIRS, 12, { noise }, belowNoise)

  test('has raw, noise and excess: of requests, fields and metrics', () => {
    const markdown = renderReport(input, 'markdown')
    for (const row of [
      'candidate over control (excess) | 1 000 | +2 points',
      '.text | value | 42 % | 40 % | +2 points',
      'similarity | 0.5 | 420 | 0.75 | 200 | -0.25',
    ])
      expect(markdown).toContain(row)
  })

  test('has the same as properties of the JSON', () => {
    const json = renderReport(input, 'json')
    expect(json).toContain('"understudy:noise:excess"')
    expect(json).toContain('understudy:noise:metric')
  })

  test('says agreement below the noise in points, wherever it stands', () => {
    const votes = { worse: 40, same: 940, better: 20 }
    const gates = [agreementBelowNoiseGate(votes, 0.01, { harm: 0.01, safe: 0.05, interval: 0.05 })]
    const judged = { ...input, look: { ...input.look, gates } }
    const markdown = renderReport(judged, 'markdown')
    const row = markdown.split('\n').find(line => line.startsWith('| agreement |'))
    expect(row).toContain('| +2 points |')
    expect(row).toContain('| +1 points |')
    expect(row).not.toContain('%')
    const json = renderReport(judged, 'json')
    expect(json).toContain('"type": "disagreement_over_noise"')
    expect(json).not.toContain('"type": "agreement"')
  })
})

describe('a report without a control', () => {
  test('has no noise, but says how many pairs asked for chance', () => {
    const input = reportInput(PAIRS, 12)
    expect(renderReport(input, 'markdown')).not.toContain('## Noise')
    const stochastic = { ...input, counts: { ...input.counts, stochastic: 570 } }
    const markdown = renderReport(stochastic, 'markdown')
    expect(markdown).toContain('## Noise')
    expect(markdown).toContain('570 of 1 140 pairs (50 %) asked for an answer that may be another one each time.')
  })
})
