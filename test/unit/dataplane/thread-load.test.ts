import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ThreadLoad } from '../../../src/dataplane/thread-load.ts'

let utilization: number
let limit: number
let sample: () => void
let load: ThreadLoad

/** The test says how busy the event loop was between two samples, and when a sample is taken. */
beforeEach(() => {
  utilization = 0
  limit = 0.8
  vi.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => ({ idle: 0, active: 0, utilization }))
  vi.spyOn(globalThis, 'setInterval').mockImplementation(callback => {
    sample = callback
    return {} as ReturnType<typeof setInterval>
  })
  load = new ThreadLoad(() => limit)
})

afterEach(() => vi.restoreAllMocks())

function run(busy: number, samples: number): void {
  utilization = busy
  for (let i = 0; i < samples; i++) sample()
}

/** Of so many copies, the share that is given up. */
function givenUp(copies = 2_000): number {
  return Array.from({ length: copies }, () => load.givesUp).filter(Boolean).length / copies
}

describe('copies are given up', () => {
  test('not below the limit, however long', () => {
    run(0.79, 1_000)
    expect(givenUp()).toBe(0)
  })

  test('not for one busy moment', () => {
    run(0.3, 20)
    run(1, 1)
    expect(givenUp()).toBe(0)
  })

  test('all, within a second and a half of a thread that stays full', () => {
    run(1, 30)
    expect(givenUp()).toBe(1)
  })

  test('in part, where that is enough', () => {
    run(1, 8)
    const { share } = load
    expect(share).toBeGreaterThan(0.1)
    expect(share).toBeLessThan(0.9)
    // Just below the limit nothing changes: to let more in would fill the thread again.
    run(0.79, 100)
    expect(load.share).toBeCloseTo(share, 0)
    expect(Math.abs(givenUp(20_000) - load.share)).toBeLessThan(0.03)
  })

  test('no more when there is time again', () => {
    run(1, 30)
    run(0.5, 40)
    expect(givenUp()).toBe(0)
  })

  test('never where the user wants every pair', () => {
    limit = 1
    run(1, 100)
    expect(givenUp()).toBe(0)
  })
})
