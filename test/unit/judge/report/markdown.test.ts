import { describe, expect, test } from 'vitest'
import { renderReport } from '../../../../src/judge/report/format.ts'
import { reportInput } from '../../../support/reports.ts'
import { quickPlan } from '../../../support/verdicts.ts'

const PLAN = quickPlan()
/** The shadow of the tests takes twice as long, so nobody asks for its latency here. */
const WITHOUT_LATENCY = { ...PLAN, gates: { ...PLAN.gates, latency: null } }
const PROMOTED = reportInput({ agree: 200 }, 60, { topFields: [], examples: [], confusions: null }, WITHOUT_LATENCY)
const ROLLED_BACK = reportInput({ agree: 185, disagree: 6, shadowErrors: 2, dropped: 3 }, 75)

const linesOf = (input: typeof PROMOTED): string[] => renderReport(input, 'markdown').split('\n')
const cellsOf = (line: string): string[] => line.slice(2, -2).split(' | ')

describe('the Markdown report', () => {
  test('begins with the verdict and why', () => {
    const [title, , reason] = linesOf(ROLLED_BACK)
    expect(title).toBe('# ROLLBACK: v2 (version 2) on route digits')
    expect(reason).toBe(`${ROLLED_BACK.look.decision.reason}.`)
  })

  test('says who has overridden the verdict, and why', () => {
    const override = {
      verdict: 'PROMOTE',
      actor: 'ada',
      reason: 'a known loss',
      at: '2026-01-01T11:00:00.000Z',
    } as const
    const said = 'PROMOTE by ada at 2026-01-01T11:00:00.000Z: a known loss'
    expect(linesOf({ ...ROLLED_BACK, override })).toContain(`- **overridden**: ${said}`)
    expect(renderReport(ROLLED_BACK, 'markdown')).not.toContain('overridden')
    const json = renderReport({ ...ROLLED_BACK, override }, 'json')
    expect(json).toContain(
      `"understudy:verdict:override",\n            "value": ${JSON.stringify(JSON.stringify(override))}`,
    )
  })

  test('has tables whose rows are as long as their heads', () => {
    const lines = linesOf(ROLLED_BACK)
    let columns = 0
    let rows = 0
    for (const [i, line] of lines.entries()) {
      if (!line.startsWith('| ')) continue
      if (!lines[i - 1]?.startsWith('| ')) columns = cellsOf(line).length
      else rows++
      expect(cellsOf(line)).toHaveLength(columns)
    }
    expect(rows).toBeGreaterThan(40)
  })

  test('tells where exchanges were lost, and what they would have changed', () => {
    const text = renderReport(ROLLED_BACK, 'markdown')
    expect(text).toContain('| sent | 14 475 | 98.47 % | 225 overloaded |')
    expect(text).toContain('| compared | 14 325 | 97.45 % | 150 shadow_error |')
    expect(text).toMatch(/between 95\.\d+ % and 96\.\d+ % of them agree/)
  })

  test('lists labels that were mistaken for each other, and how many more there are', () => {
    const text = renderReport(ROLLED_BACK, 'markdown')
    expect(text).toContain('| 8 | 9 | 220 |')
    expect(text).toContain('| all others |  | 60 |')
  })

  test('leaves out what there is nothing of', () => {
    const text = renderReport(PROMOTED, 'markdown')
    expect(text).toContain('# PROMOTE: ')
    expect(text).not.toMatch(/Confusions|Fields that differ|Newest disagreements/)
  })

  test('lists a dozen of many looks, the newest among them', () => {
    const input = reportInput({ agree: 100 }, 600)
    const looks = linesOf(input).filter(line => /^\| \d{4}-\d\d-\d\d /.test(line))
    expect(looks.length).toBeGreaterThan(8)
    expect(looks.length).toBeLessThanOrEqual(13)
    const newest = new Date(((input.look.second ?? 0) + 1) * 1e3).toISOString().slice(0, 19).replace('T', ' ')
    expect(looks.at(-1)).toContain(newest)
  })
})
