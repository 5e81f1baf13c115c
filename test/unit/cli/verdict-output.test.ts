import { describe, expect, test } from 'vitest'
import { printVerdict } from '../../../src/cli/verdict-output.ts'
import type { VerdictView } from '../../../src/control/admin/verdict-view.ts'

const GATE = {
  id: 'agreement',
  n: 1_000,
  estimate: 0.95,
  interval: [0.93, 0.97] as const,
  margin: 0.99,
  logE: { harm: 12.5, safe: -3 },
  threshold: { harm: 5.7, safe: 3 },
  state: 'harm' as const,
  reason: 'agreement harm: 95 % & "less" than <99 %>',
}

const VIEW: VerdictView = {
  experiment: 'churn.v2.0123abcd',
  verdict: 'ROLLBACK',
  judged: 'ROLLBACK',
  override: null,
  code: 'harm',
  reason: GATE.reason,
  asOf: '2026-01-01T00:00:00.000Z',
  watermark: 1_767_225_599,
  primary: { upstream: 'v1', version: '1' },
  candidate: { upstream: 'v2', version: null },
  coverage: { eligible: 1_010, sampled: 1_010, paired: 1_000, lost: { in_flight: 10 }, bounds: [0.94, 0.951] },
  alpha: { rollback: 0.01, promote: 0.05 },
  latencyThresholdMs: null,
  firstTokenThresholdMs: null,
  canaryLatencyThresholdMs: null,
  gates: [
    GATE,
    { ...GATE, id: 'errors', state: 'safe', reason: 'errors safe' },
    { ...GATE, id: 'latency', state: 'open', reason: 'latency open: 2 100 more pairs' },
  ],
}

describe('a verdict', () => {
  test('as text says it first, why, and every gate', () => {
    const [first, reason, ...rest] = printVerdict(VIEW, 'text').split('\n')
    expect(first).toBe('ROLLBACK  churn.v2.0123abcd')
    expect(reason).toContain(GATE.reason)
    expect(rest.join('\n')).toContain('v2 against v1 (version 1)')
    expect(rest.join('\n')).toContain('lost 10 in_flight')
    for (const { id } of VIEW.gates) expect(rest.some(line => line.trim().startsWith(id))).toBe(true)
  })

  test('as JSON is what the API gave', () => {
    expect(JSON.parse(printVerdict(VIEW, 'json'))).toEqual(VIEW)
  })

  test('as JUnit fails the gate that did harm, skips the open one, and is XML whatever a reason says', () => {
    const xml = printVerdict(VIEW, 'junit')
    expect(xml).toContain('tests="4" failures="1"')
    expect(xml).toContain('<failure message="agreement harm: 95 % &amp; &quot;less&quot; than &lt;99 %&gt;"/>')
    expect(xml.match(/<skipped /g)).toHaveLength(1)
  })

  test('as JUnit is an error when the evidence is invalid', () => {
    const xml = printVerdict({ ...VIEW, verdict: 'INVALID', reason: 'too much was lost', gates: [] }, 'junit')
    expect(xml).toContain('<error message="too much was lost"/>')
  })

  test('that is overridden says by whom, when, why, and what the judge says', () => {
    const override = {
      verdict: 'PROMOTE',
      actor: 'ada',
      reason: 'labels were wrong',
      at: '2026-01-01T00:00:00.000Z',
    } as const
    const view = { ...VIEW, verdict: 'PROMOTE', override } as const
    const said = 'overridden by ada at 2026-01-01T00:00:00.000Z: labels were wrong (the judge says ROLLBACK)'
    expect(printVerdict(view, 'text').split('\n').slice(0, 2)).toEqual(['PROMOTE  churn.v2.0123abcd', `  ${said}`])
    expect(printVerdict(view, 'markdown')).toContain(`**${said}**`)
    const xml = printVerdict(view, 'junit')
    expect(xml).toContain('tests="4" failures="0"')
    expect(xml).toContain(said)
  })

  test('as Markdown shows what an operator wrote as text, not as markup', () => {
    const override = { verdict: 'PROMOTE', actor: '<img src=x>', reason: '[a](b) **c**', at: 'now' } as const
    const markdown = printVerdict({ ...VIEW, override }, 'markdown')
    expect(markdown).toContain(String.raw`by &lt;img src=x&gt; at now: \[a\](b) \*\*c\*\* (the judge`)
  })

  test('as JUnit fails when an operator has overridden it to ROLLBACK', () => {
    const override = { verdict: 'ROLLBACK', actor: 'ada', reason: 'a customer called', at: 'now' } as const
    const xml = printVerdict({ ...VIEW, judged: 'CONTINUE', gates: [], override }, 'junit')
    expect(xml).toContain('tests="1" failures="1"')
    expect(xml).toContain('<failure message="overridden by ada at now: a customer called (the judge says CONTINUE)"/>')
  })

  test.each(['text', 'markdown', 'junit'] as const)(
    'of pairs alone says as %s that its coverage is unknown',
    output => {
      const coverage = { eligible: null, sampled: null, paired: 1_000, lost: null, bounds: null } as const
      const printed = printVerdict({ ...VIEW, coverage }, output)
      expect(printed).toContain('1000 exchanges paired; coverage is unknown')
      expect(printed).not.toMatch(/nothing lost|agreement is between/)
    },
  )

  test('as Markdown has a row for each gate', () => {
    const rows = printVerdict(VIEW, 'markdown')
      .split('\n')
      .filter(line => line.startsWith('| '))
    expect(rows).toHaveLength(2 + VIEW.gates.length)
    expect(rows[2]).toContain('| agreement | harm | 1000 | 0.95 | 0.93 – 0.97 | 0.99 | 12.50 / 5.70 |')
  })
})
