import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCounts, readWindow, sparseCounts } from '../../../src/wire/read-window.ts'
import { emptyCounts } from '../../../src/wire/window.ts'
import { seeded, trafficWindow } from '../../support/traffic-windows.ts'
import { armsOf } from '../../support/windows.ts'

const window = (seed: number) => trafficWindow(7, seeded(seed), { experiment: 'e', origin: 'h/1/0', pairs: 20 })

describe('counts that were written down', () => {
  test('are the same when they are read, and shorter without their zeroes', () => {
    fc.assert(
      fc.property(fc.nat(), seed => {
        const { counts } = window(seed)
        const text = JSON.stringify(sparseCounts(counts))
        expect(readCounts(JSON.parse(text))).toEqual(counts)
        expect(text.length).toBeLessThan(JSON.stringify(counts).length)
      }),
    )
  })

  test('of an earlier version have zeroes for what it did not count', () => {
    expect(readCounts({ pairs: 3 })).toEqual({ ...emptyCounts(), pairs: 3 })
    expect(readCounts({})).toEqual(emptyCounts())
  })

  test('of a later version keep what this one does not count', () => {
    expect(readCounts({ later: { canary: { '0.05': { bad: 2 } } } })).toMatchObject({
      later: { canary: { '0.05': { bad: 2 } } },
    })
  })

  test('fill in the arm that had no requests', () => {
    expect(readCounts({ arms: { '5': { canary: { requests: 2 } } } })?.arms).toEqual(armsOf(5, {}, { requests: 2 }))
    expect(readCounts({ arms: { five: {} } })).toBeNull()
    expect(readCounts({ arms: { '5': { canary: 3 } } })).toBeNull()
  })

  test.each([
    ['a list', []],
    ['nothing', null],
    ['a text', 'pairs'],
    ['a negative number', { pairs: -1 }],
    ['a fraction', { outcomes: { agree: 0.5 } }],
    ['a text for a number', { pairs: '3' }],
    ['a number for a block', { outcomes: 3 }],
    ['a block for a number', { pairs: {} }],
    ['a list for a block', { dropped: [1] }],
    ['a block for a number of a histogram', { latency: { primary: { 5: { votes: 1 } } } }],
    ['the same in an arm', { arms: { 5: { canary: { latency: { 5: { votes: 1 } } } } } }],
    ['a list of arms', { arms: [] }],
    ['a number beyond what is exact', { pairs: 2 ** 53 }],
    ['a prototype', JSON.parse('{"__proto__": {"pairs": 1}}')],
  ])('are none when there is %s', (_, value) => {
    expect(readCounts(value)).toBeNull()
  })
})

describe('a window that was written down', () => {
  test('is the same, with fields of a later version', () => {
    const written = { ...window(1), sealedAtUs: 5 }
    expect(readWindow(JSON.parse(JSON.stringify(written)))).toEqual(written)
  })

  test.each(['schema', 'experiment', 'origin', 'second', 'counts'])('is none without its %s', key => {
    expect(readWindow({ ...window(1), [key]: undefined })).toBeNull()
  })
})
