import { describe, expect, test } from 'vitest'
import { stages } from '../../../../src/judge/report/stages.ts'
import { funnelPicture } from '../../../../src/judge/report/svg/funnel-picture.ts'
import { intervalPicture } from '../../../../src/judge/report/svg/interval-picture.ts'
import { latencyPicture } from '../../../../src/judge/report/svg/latency-picture.ts'
import { LOOKS_KEPT, type LookPoint } from '../../../../src/judge/look-history.ts'
import { bumpLatencies, emptyCounts } from '../../../../src/wire/window.ts'
import { reportInput } from '../../../support/reports.ts'
import { elementsNamed, elementsOf, parseXml, textOf, type XmlElement } from '../../../support/xml.ts'
import { START } from '../../../support/verdicts.ts'
import { countsOf } from '../../../support/windows.ts'

const AGREEMENT = { id: 'agreement', unit: 'share' } as const

/** Of the element with this class. */
function find(picture: XmlElement, name: string, ink: string): XmlElement {
  const found = elementsNamed(picture, name).find(({ attributes }) => attributes['class'] === ink)
  if (found === undefined) throw new Error(`no ${name} of class ${ink}`)
  return found
}

const read = (svg: string | null): XmlElement => parseXml(svg ?? 'no picture')
const number = (element: XmlElement, attribute: string): number => Number(element.attributes[attribute])
const points = (element: XmlElement): number[][] =>
  (element.attributes['points'] ?? '').split(' ').map(point => point.split(',').map(Number))

function lookOf(i: number, estimate: number | null, halfWidth: number): LookPoint {
  const value = estimate ?? 0
  const ends = { lower: value - halfWidth, upper: value + halfWidth }
  const gate = { id: 'agreement', n: i, estimate, margin: 0.99, state: 'open', ...ends } as const
  return { second: START + i, verdict: 'CONTINUE', gates: [gate] }
}

describe('the interval over time', () => {
  const history = Array.from({ length: 100 }, (_, i) => lookOf(i, 0.97, 0.5 / (i + 1)))
  const picture = read(intervalPicture(AGREEMENT, history, START))

  test('draws every look, from left to right, the interval around the estimate', () => {
    const line = points(find(picture, 'polyline', 'estimate'))
    expect(line).toHaveLength(100)
    expect(line.map(([x = 0]) => x)).toEqual(line.map(([x = 0]) => x).toSorted((a, b) => a - b))
    const area = points(find(picture, 'polygon', 'interval'))
    expect(area).toHaveLength(200)
    const heightAt = (i: number): number => (area[199 - i]?.[1] ?? 0) - (area[i]?.[1] ?? 0)
    expect(heightAt(99)).toBeGreaterThan(0)
    expect(heightAt(50)).toBeGreaterThan(heightAt(99))
  })

  test('puts a margin above the estimate above it', () => {
    const margin = number(find(picture, 'line', 'margin'), 'y1')
    expect(margin).toBeLessThan(points(find(picture, 'polyline', 'estimate'))[99]?.[1] ?? 0)
  })

  test('stays in its frame however wide the first intervals are', () => {
    const ys = points(find(picture, 'polygon', 'interval')).map(([, y = 0]) => y)
    expect(Math.min(...ys)).toBeGreaterThanOrEqual(30)
    expect(Math.max(...ys)).toBeLessThanOrEqual(206)
  })

  test('is there from the first vote on, and not before', () => {
    expect(intervalPicture(AGREEMENT, [lookOf(0, null, 1)], START)).toBeNull()
    expect(intervalPicture({ id: 'errors', unit: 'points' }, history, START)).toBeNull()
    const one = read(intervalPicture(AGREEMENT, [lookOf(0, null, 1), lookOf(1, 1, 0)], START))
    expect(elementsNamed(one, 'circle')).toHaveLength(1)
    expect(JSON.stringify(one)).not.toContain('NaN')
  })

  test('draws an interval without an upper end up to the edge', () => {
    const open = history.map(look => ({ ...look, gates: look.gates.map(gate => ({ ...gate, upper: null })) }))
    const area = points(find(read(intervalPicture(AGREEMENT, open, START)), 'polygon', 'interval'))
    expect(area.slice(0, 100).map(([, y]) => y)).toEqual(Array.from({ length: 100 }, () => 30))
  })

  test('of a full history is small enough for a page', () => {
    const { history } = reportInput({ agree: 50 }, LOOKS_KEPT)
    expect(intervalPicture(AGREEMENT, history, START)?.length).toBeLessThan(15_000)
  })
})

describe('the latency overlay', () => {
  const counts = emptyCounts()
  for (let i = 0; i < 100; i++) bumpLatencies(counts, 5_000, i < 10 ? Infinity : 50_000, 1.1)
  const picture = read(latencyPicture(counts, 20_000))

  test('draws the primary as bars, the candidate as a line, the slower one further right', () => {
    const bars = elementsNamed(picture, 'rect')
    expect(bars).toHaveLength(1)
    const peak = points(find(picture, 'polyline', 'shadow')).toSorted((a, b) => (a[1] ?? 0) - (b[1] ?? 0))[0]
    expect(peak?.[0]).toBeGreaterThan(number(bars[0] as XmlElement, 'x'))
    // 90 of 100 against all 100: the line is a tenth lower than the bar.
    const height = number(bars[0] as XmlElement, 'height')
    expect(226 - (peak?.[1] ?? 0)).toBeCloseTo(0.9 * height, 0)
  })

  test('marks the threshold between them', () => {
    const mark = number(find(picture, 'line', 'margin'), 'x1')
    expect(mark).toBeGreaterThan(number(elementsNamed(picture, 'rect')[0] as XmlElement, 'x'))
    expect(textOf(picture)).toContain('late over 20 ms')
    expect(
      elementsNamed(read(latencyPicture(counts, null)), 'line').map(line => line.attributes['class']),
    ).not.toContain('margin')
  })

  test('says how many failed, which have no place on the axis', () => {
    expect(textOf(elementsNamed(picture, 'desc')[0] as XmlElement)).toContain('0 % and 10 %, not drawn')
  })

  test('is not there without latencies, or when every leg failed', () => {
    expect(latencyPicture(emptyCounts(), 20_000)).toBeNull()
    const failed = emptyCounts()
    bumpLatencies(failed, Infinity, Infinity, 1.1)
    expect(latencyPicture(failed, null)).toBeNull()
  })

  test.each([1, 1_000, 299_000_000])('draws a latency of %d us within the frame', us => {
    const alike = emptyCounts()
    bumpLatencies(alike, us, us, 1.1)
    for (const { attributes } of elementsOf(read(latencyPicture(alike, us)))) {
      if (attributes['x'] !== undefined) expect(Number(attributes['x'])).toBeLessThanOrEqual(720)
    }
  })
})

describe('the funnel', () => {
  const counts = countsOf({
    eligible: 1_000,
    sampled: 500,
    sent: 400,
    pairs: 390,
    dropped: { in_flight: 70, memory: 20, overloaded: 6, draining: 4 },
    unpaired: { client_gone: 10 },
    outcomes: { agree: 300, disagree: 20, shadow_error: 30, incomparable: 40 },
    incomparable: { too_large: 40 },
  })

  test('has bars as long as the counts', () => {
    const bars = elementsNamed(read(funnelPicture(stages(counts))), 'rect').filter(
      ({ attributes }) => attributes['class'] === 'stage',
    )
    const all = number(bars[0] as XmlElement, 'width')
    expect(bars.map(bar => Math.round((1_000 * number(bar, 'width')) / all))).toEqual([1_000, 500, 400, 390, 320])
  })

  test('names the most frequent losses of each step and adds up the others', () => {
    const said = textOf(read(funnelPicture(stages(counts))))
    expect(said).toContain('without 500 not_sampled')
    expect(said).toContain('without 70 in_flight, 20 memory, 6 overloaded, 4 for other reasons')
    expect(said).toContain('without 40 too_large, 30 shadow_error')
  })

  test('is not there without traffic', () => {
    expect(funnelPicture(stages(emptyCounts()))).toBeNull()
  })
})

test('each step has what the one before it had, less what it lost', () => {
  const { counts } = reportInput({ agree: 185, disagree: 6, shadowErrors: 2, dropped: 3 }, 20)
  const steps = stages(counts)
  for (const [i, { count, lost }] of steps.entries()) {
    const missing = lost.reduce((sum, each) => sum + each.count, 0)
    expect(count + missing).toBe(steps[Math.max(0, i - 1)]?.count)
  }
})
