import { describe, expect, test } from 'vitest'
import { StalledReaders, type StalledLeg } from '../../../../src/dataplane/upstream/stalled-readers.ts'

const LONG_MS = 10_000

function stalled(readers: StalledReaders, name: string, stalledAtMs: number, givenUp: string[]): StalledLeg {
  const leg: StalledLeg = { stalledAtMs, stalledPlace: null, giveUp: () => void givenUp.push(name) }
  readers.add(leg)
  return leg
}

describe('stalled readers', () => {
  test('are given up one by one, who has not read for longest first', () => {
    const readers = new StalledReaders()
    const givenUp: string[] = []
    for (const [at, name] of ['a', 'b', 'c'].entries()) stalled(readers, name, at, givenUp)
    expect([1, 2, 3, 4].map(() => readers.giveUpLongest(LONG_MS))).toEqual([true, true, true, false])
    expect(givenUp).toEqual(['a', 'b', 'c'])
  })

  test('are left alone when they have only just stopped', () => {
    const readers = new StalledReaders()
    const givenUp: string[] = []
    stalled(readers, 'a', 1_000, givenUp)
    expect(readers.giveUpLongest(1_001)).toBe(false)
    expect(givenUp).toEqual([])
  })

  test('that read on are safe, and last in line when they stop again', () => {
    const readers = new StalledReaders()
    const givenUp: string[] = []
    const a = stalled(readers, 'a', 0, givenUp)
    stalled(readers, 'b', 1, givenUp)
    readers.delete(a)
    readers.add(a)
    expect(readers.giveUpLongest(LONG_MS)).toBe(true)
    expect(givenUp).toEqual(['b'])
  })
})
