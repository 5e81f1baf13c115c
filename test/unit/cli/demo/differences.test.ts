import { describe, expect, test } from 'vitest'
import { confusions, digitEffects, hardestHit } from '../../../../src/cli/demo/confusions.ts'
import { DifferenceLog } from '../../../../src/cli/demo/differences.ts'
import { imageOfRequest, requestIdOf } from '../../../../src/cli/demo/request-id.ts'
import { pairRecord, sure } from './canned.ts'

describe('the log of differences', () => {
  test('reads image, answers and distance out of pair records', () => {
    const log = new DifferenceLog()
    log.add([pairRecord('a', 5, 8, 3)])
    expect(log.newest()).toEqual([{ image: 5, primary: sure(8), candidate: sure(3), distance: 1, times: 1 }])
  })

  test('counts a record that is shown again once, and a new one of the same image again', () => {
    const log = new DifferenceLog()
    const [a, b, c] = [pairRecord('a', 5, 8, 3), pairRecord('b', 6, 8, 3), pairRecord('c', 5, 8, 3)]
    log.add([b, a])
    log.add([c, b, a])
    log.add([c, b])
    expect(log.newest().map(({ image, times }) => [image, times])).toEqual([
      [5, 2],
      [6, 1],
    ])
  })

  test('leaves out what is not its own, or has no answer', () => {
    const log = new DifferenceLog()
    const failed = { id: 'f', requestId: 'image-1-1', bodies: { primary: pairRecord('f', 1, 1, 1).bodies.primary } }
    log.add([{ ...pairRecord('a', 5, 8, 3), requestId: '0190-from-curl' }, failed, { id: 'g', requestId: 'image-2-1' }])
    expect(log.newest()).toEqual([])
  })

  test('finds the image in the request id', () => {
    expect(imageOfRequest(requestIdOf(1796, 12))).toBe(1796)
    expect(imageOfRequest('image-x-1')).toBeNull()
  })
})

const seen = (image: number, primary: number, candidate: number, times: number) => {
  return { image, primary: sure(primary), candidate: sure(candidate), distance: 1, times }
}

const effect = (digit: number, lost: number, gained: number) => ({ digit, requests: 100, lost, gained })

describe('confusions', () => {
  const labels = [8, 8, 5]

  test('add up images of the same digit with the same answers, most frequent first', () => {
    expect(confusions([seen(2, 5, 9, 2), seen(0, 8, 3, 2), seen(1, 8, 3, 1)], labels)).toEqual([
      { digit: 8, primary: 8, candidate: 3, times: 3 },
      { digit: 5, primary: 5, candidate: 9, times: 2 },
    ])
  })

  test('tell for each digit what was lost and gained', () => {
    const found = confusions([seen(0, 8, 3, 6), seen(1, 1, 8, 2), seen(2, 9, 3, 4)], labels)
    expect(digitEffects(found, new Map([[8, 40]]))).toEqual([
      { digit: 5, requests: 0, lost: 0, gained: 0 },
      { digit: 8, requests: 40, lost: 6, gained: 2 },
    ])
  })

  test('name a digit that bears at least half of a real loss, and none otherwise', () => {
    expect(hardestHit([effect(1, 2, 0), effect(8, 9, 1), effect(9, 0, 5)])?.digit).toBe(8)
    expect(hardestHit([effect(1, 5, 0), effect(2, 4, 0), effect(8, 6, 0)])).toBeNull()
    expect(hardestHit([effect(8, 4, 0)])).toBeNull()
    expect(hardestHit([effect(8, 9, 9)])).toBeNull()
    expect(hardestHit([])).toBeNull()
  })
})
