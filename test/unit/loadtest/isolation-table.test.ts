import { describe, expect, test } from 'vitest'
import { isolationTable } from '../../../loadtest/isolation-table.ts'
import type { LoadWindow } from '../../../loadtest/load-windows.ts'
import { markdownTable, milliseconds, whole } from '../../../loadtest/markdown.ts'
import type { Measurement } from '../../../loadtest/measure.ts'
import { readOptions } from '../../../loadtest/options.ts'
import { rotated, spread } from '../../../loadtest/statistics.ts'

function measurement(p50Us: number, p99Us: number, changes: Partial<Measurement> = {}): Measurement {
  const errors = { refused: 0, reset: 0, timeout: 0, status: 0, protocol: 0, local: 0 }
  const tail = { p90Us: 0, p999Us: 0, maxUs: 0, firstByteP50Us: 0, firstByteP99Us: 0 }
  const rest = { ...tail, driverLagP99Us: 0, achievedPerS: 1000, cpuUsPerRequest: 60, windows: [] }
  return { sent: 1000, ok: 1000, errors, p50Us, p99Us, ...rest, ...changes }
}

function calm(...p99s: number[]): LoadWindow[] {
  return p99s.map(p99Us => ({ p99Us, disturbed: false }))
}

function stopped(p99Us: number): LoadWindow {
  return { p99Us, disturbed: true }
}

describe('isolationTable', () => {
  test('holds the median of ratios taken round by round, not the ratio of medians', () => {
    // The machine was ten times slower in the second round, for both.
    const comparisons = [
      {
        shadowed: measurement(500, 2000),
        alone: measurement(500, 1000, { driverLagP99Us: 250 }),
        copies: 1,
      },
      { shadowed: measurement(5000, 20_000), alone: measurement(5000, 20_000), copies: 0.5 },
      { shadowed: measurement(600, 3000), alone: measurement(500, 2000), copies: 0.8 },
    ]
    const line = isolationTable([{ shadow: 'slow', proxy: 'p', comparisons }]).split('\n')[2]
    expect(line).toBe(
      '| slow | p | 0.600 | 3.000 | 1.00 (1.00–1.20) | 1.50 (1.00–2.00) | — | — | 1.00 | 0 | 0 | 60 | 80 % | 0.250 |',
    )
  })

  test('compares the windows that the host left alone, and counts those that were slow', () => {
    const comparisons = [
      {
        shadowed: measurement(500, 9000, { windows: [...calm(1020, 1020), stopped(90_000)] }),
        alone: measurement(500, 1000, { windows: [...calm(1000, 1000, 2000), { p99Us: null, disturbed: false }] }),
        copies: 1,
      },
      {
        shadowed: measurement(500, 1000, { windows: calm(1020, 5000) }),
        alone: measurement(500, 1000, { windows: [...calm(1000), stopped(50)] }),
        copies: 1,
      },
    ]
    expect(isolationTable([{ shadow: 's', proxy: 'p', comparisons }])).toMatch(
      /\| 1\.02 \(1\.02–\d+\.\d\d\) \| 1 of 4, 1 of 4 \|/,
    )
  })

  test('names errors by kind and share, over all rounds', () => {
    const errors = { refused: 0, reset: 1, timeout: 49, status: 0, protocol: 0, local: 0 }
    const failing = measurement(1, 1, { ok: 950, errors, achievedPerS: 500 })
    const comparisons = [failing, measurement(1, 1)].map(shadowed => ({
      shadowed,
      alone: measurement(1, 1),
      copies: null,
    }))
    expect(isolationTable([{ shadow: 's', proxy: 'p', comparisons }])).toContain(
      '| 0.75 | 1 reset, 49 timeout (2.5 %) | 0 | 60 | — | 0.000 |',
    )
  })
})

describe('the arithmetic of tables', () => {
  test('the median lies between the two middle values of an even number', () => {
    expect(spread([9, 1, 3, 5])).toEqual({ median: 4, min: 1, max: 9 })
    expect(spread([7])).toEqual({ median: 7, min: 7, max: 7 })
    expect(() => spread([])).toThrow(RangeError)
  })

  test('every item comes first once in as many rounds as there are items', () => {
    const rounds = [0, 1, 2].map(round => rotated(['a', 'b', 'c'], round).join(''))
    expect(rounds).toEqual(['abc', 'bca', 'cab'])
  })

  test('numbers are written as people read them', () => {
    expect([412, 12_345, 5_010_000, -300].map(milliseconds)).toEqual(['0.412', '12.3', '5 010', '-0.300'])
    expect([7, 12_345, 1_234_567].map(whole)).toEqual(['7', '12 345', '1 234 567'])
    expect(markdownTable(['a', 'b', 'c'], [['x', 'y', '1']], 2)).toBe(
      '| a | b | c |\n| --- | --- | --: |\n| x | y | 1 |',
    )
  })
})

describe('readOptions', () => {
  const defaults = {
    rounds: 5,
    seconds: 3,
    connections: 64,
    quick: { rounds: 1, seconds: 2 },
    shadows: ['slow', 'huge'],
  }

  test('takes the defaults, the quick ones, and what is given before both', () => {
    expect(readOptions([], defaults)).toMatchObject({
      quick: false,
      rounds: 5,
      seconds: 3,
      rate: null,
      shadows: ['slow', 'huge'],
    })
    expect(readOptions(['--quick', '--seconds', '7', '--rate', '500', '--shadow', 'huge'], defaults)).toMatchObject({
      quick: true,
      rounds: 1,
      seconds: 7,
      rate: 500,
      shadows: ['huge'],
    })
  })

  test.each([[['--rate', '0']], [['--rounds', 'many']], [['--shadow', 'blue']], [['--what']]])('refuses %j', args => {
    expect(() => readOptions(args, defaults)).toThrow()
  })
})
