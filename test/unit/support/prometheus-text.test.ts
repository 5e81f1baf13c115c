import { describe, expect, test } from 'vitest'
import { parseMetrics } from '../../support/prometheus-text.ts'

const SCRAPE = `# HELP a_total Things, with "quotes"
# TYPE a_total counter
a_total{route="x",code="2xx"} 3
a_total{route="x",code="5xx"} 0
a_total{route="y, {z}",code="\\"q\\" \\\\ \\n"} 1e3
# TYPE lag gauge
lag 0.25 1700000000000
low -Inf
high +Inf
not NaN
`

describe('a scrape', () => {
  const metrics = parseMetrics(SCRAPE)

  test('gives single values by name and labels', () => {
    expect(metrics.value('a_total', { route: 'x', code: '2xx' })).toBe(3)
    expect(metrics.value('a_total', { code: '5xx' })).toBe(0)
    expect(metrics.value('lag')).toBe(0.25)
    expect([metrics.value('low'), metrics.value('high'), metrics.value('not')]).toEqual([
      -Infinity,
      Infinity,
      Number.NaN,
    ])
  })

  test('reads escaped label values', () => {
    expect(metrics.find('a_total', { route: 'y, {z}' })[0]?.labels.code).toBe('"q" \\ \n')
  })

  test('sums what fits', () => {
    expect(metrics.sum('a_total')).toBe(1003)
    expect(metrics.sum('a_total', { route: 'x' })).toBe(3)
    expect(metrics.sum('absent_total')).toBe(0)
  })

  test('says which series there are when one is not alone or absent', () => {
    expect(() => metrics.value('a_total', { route: 'x' })).toThrow('2 samples of a_total')
    expect(() => metrics.value('a_total', { route: 'q' })).toThrow(
      '0 samples of a_total fit {"route":"q"}; there are: {',
    )
  })

  test('knows the types', () => {
    expect([...metrics.types]).toEqual([
      ['a_total', 'counter'],
      ['lag', 'gauge'],
    ])
  })

  test.each(['a{b=1} 2', 'a{b="1" 2', 'a{b="1",b="2"} 3', 'a', 'a two', 'a{b="1"c="2"} 3', 'a 0x10'])(
    'with the line "%s" is an error',
    line => {
      expect(() => parseMetrics(line)).toThrow()
    },
  )
})
