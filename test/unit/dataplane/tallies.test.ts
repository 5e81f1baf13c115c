import { describe, expect, test } from 'vitest'
import { Tallies } from '../../../src/dataplane/tallies.ts'
import { emptyCounts } from '../../../src/wire/window.ts'

describe('tallies', () => {
  test('give the same counts to everything of one second, snapshot and experiment', () => {
    const tallies = new Tallies()
    tallies.at(100, 1).counts(0).eligible++
    tallies.at(100, 1).counts(0).eligible++
    tallies.at(100, 1).counts(2).sampled++
    expect(tallies.takeBefore(101)).toEqual([
      { revision: 1, experiment: 0, second: 100, counts: { ...emptyCounts(), eligible: 2 }, arms: [] },
      { revision: 1, experiment: 2, second: 100, counts: { ...emptyCounts(), sampled: 1 }, arms: [] },
    ])
  })

  test('keep the counts of two snapshots apart within one second', () => {
    const tallies = new Tallies()
    const before = tallies.at(100, 1)
    tallies.at(100, 2).counts(0).eligible++
    before.counts(0).eligible++
    const rows = tallies.takeBefore(101)
    expect(rows.map(row => [row.second, row.revision, row.counts.eligible])).toEqual([
      [100, 1, 1],
      [100, 2, 1],
    ])
  })

  test('give up only the seconds before the watermark, oldest first, once', () => {
    const tallies = new Tallies()
    for (const second of [100, 101, 103]) tallies.at(second, 1).counts(0).pairs++
    expect(tallies.takeBefore(100)).toEqual([])
    expect(tallies.takeBefore(102).map(row => row.second)).toEqual([100, 101])
    expect(tallies.takeBefore(102)).toEqual([])
    expect(tallies.takeBefore(200).map(row => row.second)).toEqual([103])
  })

  test('take late counts into a second that is still open', () => {
    const tallies = new Tallies()
    const first = tallies.at(100, 1)
    tallies.at(101, 1).counts(0).pairs++
    first.counts(0).pairs++
    first.counts(0).pairs++
    expect(tallies.takeBefore(101).map(row => row.counts.pairs)).toEqual([2])
  })

  test('have no row for a second in which nothing was counted', () => {
    const tallies = new Tallies()
    tallies.at(100, 1)
    expect(tallies.takeBefore(101)).toEqual([])
  })

  test('hold the lags of their second for each experiment, also those before its first exchange', () => {
    const tallies = new Tallies()
    tallies.lag(99, 9)
    tallies.lag(100, 0)
    tallies.at(100, 1).counts(0).pairs++
    tallies.at(100, 1).counts(1).pairs++
    tallies.lag(100, 0)
    tallies.lag(100, 7)
    tallies.lag(101, 3)
    expect(tallies.takeBefore(101).map(row => row.counts.loopLag)).toEqual([
      { 0: 2, 7: 1 },
      { 0: 2, 7: 1 },
    ])
  })

  test('hold each lag once when a reload comes within the second', () => {
    const tallies = new Tallies()
    tallies.lag(100, 1)
    tallies.at(100, 1).counts(0).pairs++
    tallies.lag(100, 2)
    tallies.at(100, 2).counts(0).pairs++
    tallies.lag(100, 3)
    expect(tallies.takeBefore(101).map(row => row.counts.loopLag)).toEqual([{ 1: 1, 2: 1 }, { 3: 1 }])
  })

  test('lose no lag to an exchange that is counted in the second before', () => {
    const tallies = new Tallies()
    tallies.lag(101, 4)
    tallies.at(100, 1).counts(0).pairs++
    tallies.at(101, 1).counts(0).pairs++
    expect(tallies.takeBefore(102).map(row => row.counts.loopLag)).toEqual([{}, { 4: 1 }])
  })
})
