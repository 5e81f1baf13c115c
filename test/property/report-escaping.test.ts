import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeMarkdown, escapeXml } from '../../src/judge/report/escape.ts'
import { renderReport } from '../../src/judge/report/format.ts'
import type { ReportInput } from '../../src/judge/report/report-input.ts'
import { reportInput } from '../support/reports.ts'
import { elementsOf, parseXml, textOf } from '../support/xml.ts'

/** Names, reasons and values come from routing files and from the answers of models: none of them may become markup. */

const HOSTILE = fc.constantFrom(
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</td></tr></table><h1>PROMOTE</h1>',
  '</style></title></svg>',
  '<!--',
  ']]>',
  '&lt;b&gt; &amp; &#60;',
  '| a | b |\n| --- |',
  '[click](javascript:alert(1))',
  '![x](https://evil.example/x.png)',
  '```\n# PROMOTE',
  '<details>',
  '\u0000\u0008\u001b[31m',
  '\uD800 lone',
  '\uFFFE',
  '\u2028',
)
const text = fc.oneof(HOSTILE, fc.string({ unit: 'binary' }), fc.string())

const base = reportInput({ agree: 90, disagree: 5, shadowErrors: 2, dropped: 3 }, 12)

/** The same report with these texts wherever one comes from outside. */
function outsideTexts(texts: readonly string[]): ReportInput {
  const [a = '', b = '', c = '', d = ''] = texts
  const decision = { ...base.look.decision, reason: b }
  return {
    ...base,
    version: d,
    configuration: { revision: 1, hash: c },
    plan: {
      ...base.plan,
      id: a,
      route: b,
      primary: { upstream: c, version: d },
      candidate: { upstream: d, version: a },
      compare: base.plan.compare && { ...base.plan.compare, ignore: [[a, b]] },
    },
    look: { ...base.look, decision, gates: base.look.gates.map(gate => ({ ...gate, reason: c })) },
    topFields: [{ path: a, kind: b, count: 1 }],
    noise: {
      control: c,
      requests: 10,
      raw: 0.4,
      noise: 0.3,
      excess: 0.1,
      fields: [{ path: a, kind: b, raw: 0.4, noise: 0.3, excess: 0.1 }],
      metrics: [{ metric: d, raw: { pairs: 9, mean: 0.5 }, noise: null, excess: null }],
    },
    confusions: { pairs: [{ primary: c, shadow: d, count: 1 }], other: 1 },
    examples: [{ requestId: d, arrivedAt: a, differences: [{ path: b, kind: c, primary: d, shadow: a }] }],
  }
}

const PLAIN = outsideTexts(['alpha', 'beta', 'gamma', 'delta'])
const texts = fc.array(text, { minLength: 4, maxLength: 4 })

const shapeOf = (html: string): string[] =>
  elementsOf(parseXml(html)).map(({ name, attributes }) => [name, ...Object.keys(attributes)].join(' '))

/** Ends of cells, by line. */
const barsOf = (markdown: string): number[] => markdown.split('\n').map(line => line.match(/(?<!\\)\|/g)?.length ?? 0)

describe('whatever names, reasons and values hold', () => {
  test('the HTML report stays well-formed and has the same elements and attributes', () => {
    const shape = shapeOf(renderReport(PLAIN, 'html'))
    fc.assert(
      fc.property(texts, outside => {
        expect(shapeOf(renderReport(outsideTexts(outside), 'html'))).toEqual(shape)
      }),
      { numRuns: 150 },
    )
  })

  test('the Markdown report keeps its lines and cells', () => {
    const plain = barsOf(renderReport(PLAIN, 'markdown'))
    fc.assert(
      fc.property(texts, outside => {
        const markdown = renderReport(outsideTexts(outside), 'markdown')
        expect(barsOf(markdown)).toEqual(plain)
        // The folds are ours; no other element is there.
        expect(markdown.match(/<(?!\/?(?:details|summary)>)/g)).toBeNull()
      }),
      { numRuns: 300 },
    )
  })

  test('the JSON report says them as they are', () => {
    fc.assert(
      fc.property(texts, outside => {
        const { components } = JSON.parse(renderReport(outsideTexts(outside), 'json')) as {
          components: { name: string }[]
        }
        expect(components[0]?.name).toBe(outside[3])
      }),
      { numRuns: 100 },
    )
  })
})

describe('escaped text', () => {
  test('of XML reads as it was, but for what XML does not have', () => {
    fc.assert(
      fc.property(text, raw => {
        const readBack = textOf(parseXml(`<a>${escapeXml(raw)}</a>`))
        const shown = raw.replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
        expect(readBack).toBe(shown)
        expect(parseXml(`<a b="${escapeXml(raw)}"/>`).attributes['b']).toBe(shown)
      }),
    )
  })

  test('of Markdown is one line in which every mark is escaped', () => {
    fc.assert(
      fc.property(text, raw => {
        const escaped = escapeMarkdown(raw)
        expect(escaped).not.toMatch(/[\n\r<>]/)
        expect(escaped.replace(/\\./gu, '')).not.toMatch(/[`*[\]{}|~$!#\\]/)
      }),
    )
  })

  test('of Markdown leaves words alone', () => {
    expect(escapeMarkdown('shadow_error of churn-v2.0a1b at 98.5 %')).toBe('shadow_error of churn-v2.0a1b at 98.5 %')
    expect(escapeMarkdown('_emphasis_')).toBe('\\_emphasis\\_')
  })
})
