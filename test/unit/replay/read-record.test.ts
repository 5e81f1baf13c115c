import { describe, expect, test } from 'vitest'
import { readRecord } from '../../../src/replay/read-record.ts'
import { emptyCounts } from '../../../src/wire/window.ts'
import { recordedComparison } from '../../support/pair-lines.ts'
import { experimentPlan, leg, pairFrame } from '../../support/pairs.ts'
import { windowOf } from '../../support/verdicts.ts'

type Fields = Record<string, unknown>

const WINDOW = { ...windowOf(1_700_000_000, { agree: 3, disagree: 1, dropped: 2 }), sealedAtUs: 1_700_000_001_000_000 }
const PAIR = JSON.parse(
  recordedComparison(pairFrame(leg('{"a":1}'), leg('{"a":2}')), experimentPlan()).line,
) as Fields & { shadow: Fields; comparison: Fields; primary: Fields }

const read = (value: unknown) => readRecord(JSON.stringify(value))

describe('a window record', () => {
  test('is read as it was written', () => {
    expect(read(WINDOW)).toEqual({ kind: 'window', window: WINDOW })
  })

  test('of an earlier version has zeroes for what was not counted then', () => {
    const { crossings: _crossings, slowdown: _slowdown, ...counts } = WINDOW.counts
    const record = read({ ...WINDOW, counts })
    const { crossings, slowdown } = emptyCounts()
    expect(record).toEqual({ kind: 'window', window: { ...WINDOW, counts: { ...WINDOW.counts, crossings, slowdown } } })
  })

  test('of a later version keeps what it counts more', () => {
    const counts = { ...WINDOW.counts, tokens: 7, later: { '0.05': { requests: 3 } } }
    expect(read({ ...WINDOW, counts })).toEqual({ kind: 'window', window: { ...WINDOW, counts } })
  })

  test.each<[string, unknown]>([
    ['a count below zero', { ...WINDOW.counts, pairs: -1 }],
    ['half a count', { ...WINDOW.counts, pairs: 1.5 }],
    ['text for a count', { ...WINDOW.counts, pairs: '4' }],
    ['a table for a count', { ...WINDOW.counts, pairs: { all: 4 } }],
    ['a count for a table', { ...WINDOW.counts, outcomes: 4 }],
    ['no counts', undefined],
  ])('with %s is damaged', (_what, counts) => {
    expect(read({ ...WINDOW, counts })).toEqual({ kind: 'damaged' })
  })
})

describe('a pair record', () => {
  test('is read with the second of its arrival', () => {
    expect(read({ ...PAIR, arrivedAt: '2023-11-14T22:13:20.999999Z' })).toMatchObject({
      kind: 'pair',
      pair: { id: 'exchange-1', second: 1_700_000_000, result: 'disagree', reason: null, hasEqualBytes: false },
    })
  })

  test('of a control shadow is no evidence about the candidate', () => {
    expect(read({ ...PAIR, shadow: { ...PAIR.shadow, role: 'control' } })).toEqual({ kind: 'other' })
  })

  test('with an error code of a later version is one of a leg that failed', () => {
    const record = read({ ...PAIR, shadow: { ...PAIR.shadow, error: 'UPSTREAM_TEAPOT' } })
    expect(record).toMatchObject({ pair: { primary: { error: null }, shadow: { error: 'INTERNAL' } } })
  })

  test.each<[string, Fields]>([
    ['no id', { id: undefined }],
    ['a moment that is none', { arrivedAt: '2023-11-14' }],
    ['a month that is none', { arrivedAt: '2023-99-14T22:13:20Z' }],
    ['no shadow', { shadow: null }],
    ['a latency below zero', { primary: { ...PAIR.primary, latencyUs: -5 } }],
    ['an unknown result', { comparison: { ...PAIR.comparison, result: 'perhaps' } }],
    ['an incomparable answer without a reason', { comparison: { ...PAIR.comparison, result: 'incomparable' } }],
  ])('with %s is damaged', (_what, changes) => {
    expect(read({ ...PAIR, ...changes })).toEqual({ kind: 'damaged' })
  })
})

test.each([['{"schema":"understudy.pair/1","id"'], ['[]'], ['null'], ['{}'], ['7']])('%s is damaged', text => {
  expect(readRecord(text)).toEqual({ kind: 'damaged' })
})

test('a record of another kind is neither a pair nor a window, and not damaged', () => {
  expect(read({ schema: 'understudy.verdict/1' })).toEqual({ kind: 'other' })
})
