import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { dayAt, Spending } from '../../../src/wire/spending.ts'

const DAY_US = 86_400e6

describe('what copies have cost', () => {
  test('begins anew with each day of UTC', () => {
    const midnight = Date.UTC(2026, 10, 27) * 1e3
    const [before, after] = [dayAt(midnight - 1), dayAt(midnight)]
    expect(after).toBe(before + 1)
    const spending = new Spending()
    spending.addBytes(before, 10)
    expect([spending.takeCopy(before, 1), spending.takeCopy(before, 1)]).toEqual([true, false])
    expect(spending.takeCopy(after, 1)).toBe(true)
    expect(spending.bytesOf(after)).toBe(0)
    expect(spending.read()).toEqual({ day: after, copies: 1, bytes: 0 })
  })

  test('is not lost where one thread is in the next day already', () => {
    const spending = new Spending()
    spending.takeCopy(8, 9)
    spending.takeCopy(7, 9)
    expect(spending.read()).toEqual({ day: 8, copies: 2, bytes: 0 })
  })

  test('is read, and goes on from there in another process', () => {
    const spent = { day: dayAt(Date.UTC(2059, 0, 1) * 1e3), copies: 123, bytes: 2 ** 46 }
    const spending = new Spending()
    spending.restore(spent)
    expect(spending.read()).toEqual(spent)
    expect([spending.takeCopy(spent.day, 124), spending.takeCopy(spent.day, 124)]).toEqual([true, false])
  })

  test('is counted exactly by threads that count at once', async () => {
    const spending = new Spending()
    const module = new URL('../../../src/wire/spending.ts', import.meta.url).href
    const code = `
      const { workerData } = require('node:worker_threads')
      import('${module}').then(({ Spending }) => {
        const spending = new Spending(workerData)
        for (let i = 0; i < 20000; i++) { spending.takeCopy(5, 35000); spending.addBytes(5, 3) }
      })`
    const threads = [0, 1].map(() => new Worker(code, { eval: true, workerData: spending.memory }))
    await Promise.all(threads.map(thread => new Promise(resolve => thread.once('exit', resolve))))
    expect(spending.read()).toEqual({ day: 5, copies: 35_000, bytes: 120_000 })
  })
})

/** How many of one attempt each 0.1 ms, from the first second of a day on. */
function turns(spending: Spending, perSecond: number, seconds: number, fromUs = DAY_US): number {
  let count = 0
  for (let us = 0; us < seconds * 1e6; us += 100) {
    if (spending.takeTurn(fromUs + us, 1e6 / perSecond, 100_000)) count++
  }
  return count
}

describe('the turns of copies', () => {
  test.each([0.5, 10, 50, 1_000])('%d a second are as many, however many are asked for', perSecond => {
    const count = turns(new Spending(), perSecond, 10)
    const atOnce = Math.max(1, perSecond / 10)
    expect(count).toBeGreaterThanOrEqual(Math.floor(perSecond * 10))
    expect(count).toBeLessThanOrEqual(perSecond * 10 + atOnce)
  })

  test('are not saved up over a quiet hour', () => {
    const spending = new Spending()
    turns(spending, 50, 1)
    expect(turns(spending, 50, 1, DAY_US + 3_600e6)).toBeLessThanOrEqual(50 + 5)
  })

  test('at a higher rate do not wait for that of a lower one', () => {
    const spending = new Spending()
    expect(spending.takeTurn(DAY_US, 1e6 / 0.01, 100_000)).toBe(true)
    expect(turns(spending, 50, 1, DAY_US + 100)).toBeGreaterThan(45)
  })

  test('let a few go at once', () => {
    const spending = new Spending()
    const taken = Array.from({ length: 20 }, () => spending.takeTurn(DAY_US, 20_000, 100_000))
    expect(taken.filter(Boolean)).toHaveLength(6)
  })
})
