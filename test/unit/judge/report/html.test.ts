import { describe, expect, test } from 'vitest'
import { renderReport } from '../../../../src/judge/report/format.ts'
import type { ReportInput } from '../../../../src/judge/report/report-input.ts'
import { reportInput } from '../../../support/reports.ts'
import { elementsNamed, elementsOf, parseXml, textOf, type XmlElement } from '../../../support/xml.ts'

const ROLLED_BACK = reportInput({ agree: 185, disagree: 6, shadowErrors: 2, dropped: 3 }, 75)
const EMPTY = reportInput({}, 0, { latency: null, confusions: null, examples: [], topFields: [] })

const pageOf = (input: ReportInput): XmlElement => parseXml(renderReport(input, 'html'))
const page = pageOf(ROLLED_BACK)

describe('the HTML report', () => {
  test('says the verdict first, then its evidence', () => {
    const [heading] = elementsNamed(page, 'h1')
    expect(heading && textOf(heading)).toBe('ROLLBACK: v2 (version 2) on route digits')
    const said = textOf(page)
    for (const { reason } of ROLLED_BACK.look.gates) expect(said).toContain(reason)
    expect(elementsNamed(page, 'h2').map(textOf)).toEqual(['Gates', 'Traffic', 'Answers', 'Latency', 'Configuration'])
  })

  test('has a picture for each gate, the traffic and the latency, each with a name and a description', () => {
    const pictures = elementsNamed(page, 'svg')
    expect(pictures).toHaveLength(ROLLED_BACK.look.gates.length + 2)
    for (const picture of pictures) {
      const [title, description] = picture.children.filter(child => typeof child !== 'string')
      expect([title?.name, description?.name, picture.attributes['role']]).toEqual(['title', 'desc', 'img'])
      expect(picture.attributes['aria-labelledby']).toBe(`${title?.attributes['id']} ${description?.attributes['id']}`)
      expect(textOf(description as XmlElement)).toMatch(/\d.*\.$/)
    }
  })

  test('is one file: nothing in it runs, and nothing is loaded from anywhere', () => {
    const elements = elementsOf(page)
    expect(elements.filter(({ name }) => /^(script|link|img|iframe|object|embed|a|use|image)$/.test(name))).toEqual([])
    const attributes = elements.flatMap(element => Object.entries(element.attributes))
    expect(attributes.filter(([name]) => /^(on|src|href|style|xlink)/.test(name))).toEqual([])
    expect(elementsNamed(page, 'style').map(textOf).join('')).not.toMatch(/url\(|@import/)
    const policy = elementsNamed(page, 'meta').find(meta => meta.attributes['http-equiv'] === 'Content-Security-Policy')
    expect(policy?.attributes['content']).toContain("default-src 'none'")
  })

  test('names every table, column and row for those who hear it', () => {
    const tables = elementsNamed(page, 'table')
    expect(tables.length).toBeGreaterThan(8)
    for (const table of tables) {
      expect(elementsNamed(table, 'caption')).toHaveLength(1)
      const columns = elementsNamed(table, 'th').filter(({ attributes }) => attributes['scope'] === 'col')
      for (const row of elementsNamed(table, 'tr')) {
        expect(row.children.filter(child => typeof child !== 'string')).toHaveLength(columns.length)
      }
    }
  })

  test('has no id twice', () => {
    const ids = elementsOf(page).flatMap(({ attributes }) => attributes['id'] ?? [])
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('defines every colour for light and for dark, and no picture uses a class without a style', () => {
    const style = textOf(elementsNamed(page, 'style')[0] as XmlElement)
    const [light, dark] = style.split('prefers-color-scheme: dark').map(half => new Set(half.match(/--\w+(?=:)/g)))
    expect(light).toEqual(dark)
    const used = elementsNamed(page, 'svg').flatMap(elementsOf)
    const classes = new Set(used.flatMap(({ attributes }) => attributes['class'] ?? []))
    for (const name of classes) expect(style).toContain(`.${name} {`)
  })

  test('of an experiment without traffic is whole, without pictures', () => {
    const empty = pageOf(EMPTY)
    expect(elementsNamed(empty, 'svg')).toEqual([])
    expect(textOf(empty)).toContain('CONTINUE: v2 (version 2) on route digits')
    expect(textOf(empty)).not.toMatch(/NaN|undefined|null|Infinity/)
  })

  test('says when the configuration has moved on', () => {
    expect(textOf(page)).not.toContain('moved on')
    expect(textOf(pageOf({ ...ROLLED_BACK, isCurrent: false }))).toContain('The configuration has moved on')
  })
})
