import { describe, expect, test } from 'vitest'
import {
  differenceBetween,
  findingsTable,
  ratioBetween,
  verdict,
  type Finding,
  type Question,
} from '../../../loadtest/findings.ts'

const QUESTION: Question = { id: 'q', name: 'a / b', unit: 'ratio', better: 'lower', target: 0.85 }
const itself = (value: number): number => value

describe('ratioBetween', () => {
  test('is the median of ratios taken round by round, not the ratio of medians', () => {
    // The machine was ten times slower in the second round, for both.
    const results = new Map([
      ['a', [10, 200, 30]],
      ['b', [10, 100, 10]],
    ])
    expect(ratioBetween(QUESTION, results, 'a', 'b', itself).value).toEqual({ median: 2, min: 1, max: 3 })
    expect(differenceBetween(QUESTION, results, 'a', 'b', itself).value).toEqual({ median: 20, min: 0, max: 100 })
  })

  test('names the row that is missing instead of making a number up', () => {
    const finding = ratioBetween(QUESTION, new Map([['a', [1]]]), 'a', 'Envoy mirror', itself)
    expect(finding).toMatchObject({ id: 'q', value: null, missing: 'no row “Envoy mirror”' })
  })

  test('a round in which nothing was answered has no ratio', () => {
    const results = new Map([
      ['a', [1, 1]],
      ['b', [1, 0]],
    ])
    expect(ratioBetween(QUESTION, results, 'a', 'b', itself)).toMatchObject({ value: null, missing: /without/ })
  })
})

function found(median: number, changes: Partial<Question> = {}): Finding {
  return { ...QUESTION, ...changes, value: { median, min: median, max: median }, missing: null }
}

describe('verdict', () => {
  test('a target is an upper limit where lower is better, else a lower one', () => {
    expect(verdict(found(0.85), 2)).toBe('✓')
    expect(verdict(found(0.86), 2)).toBe('✗')
    expect(verdict(found(0.86, { better: 'higher' }), 2)).toBe('✓')
    expect(verdict(found(0.84, { better: 'higher' }), 2)).toBe('✗')
  })

  test('what needs cores is not held against a machine that has few, but a reached target is', () => {
    const scaling = { better: 'higher', target: 1.7, needsCores: true } as const
    expect(verdict(found(0.9, scaling), 2)).toBe('cores are the limit')
    expect(verdict(found(0.9, scaling), 16)).toBe('✗')
    expect(verdict(found(1.8, scaling), 2)).toBe('✓')
  })

  test('stands beside measurement and target in the table', () => {
    const lines = findingsTable(
      [
        { ...QUESTION, value: { median: 0.9, min: 0.8, max: 1 }, missing: null },
        { ...QUESTION, value: null, missing: 'no row “b”' },
        { ...found(611.4, { unit: 'MiB', target: null }), name: 'RSS' },
      ],
      2,
    ).split('\n')
    expect(lines.slice(2)).toEqual([
      '| a / b | 0.90 (0.80–1.00) | ≤ 0.85 | ✗ |',
      '| a / b | not measured: no row “b” | ≤ 0.85 |  |',
      '| RSS | 611 MiB |  |  |',
    ])
  })
})
