import { describe, expect, test } from 'vitest'
import { LineSplitter } from '../../support/line-splitter.ts'
import { eventually, TimeoutError, within } from '../../support/within.ts'

describe('within', () => {
  test('gives the value or the error in time, else a TimeoutError that says what did not come', async () => {
    expect(await within(Promise.resolve(1), 50, 'no value')).toBe(1)
    await expect(within(Promise.reject(new Error('own')), 50, 'no value')).rejects.toThrow('own')
    const late = within(new Promise(() => {}), 10, 'no value came')
    await expect(late).rejects.toThrow(new TimeoutError('no value came', 10))
  })
})

describe('eventually', () => {
  test('looks until it neither throws nor sees false or undefined', async () => {
    const seen = [() => false, () => undefined, () => expect(1).toBe(2), () => 0]
    expect(await eventually(() => seen.shift()?.())).toBe(0)
    expect(seen).toEqual([])
  })

  test('throws the last error, or that nothing came', async () => {
    await expect(eventually(() => Promise.reject(new Error('still wrong')), 40)).rejects.toThrow('still wrong')
    await expect(eventually(() => false, 40)).rejects.toBeInstanceOf(TimeoutError)
  })
})

test('lines are split where they end, not where the bytes were, and the last needs no line feed', () => {
  const bytes = Buffer.from('zażółć\n\n{"a":1}\nend')
  for (let at = 0; at <= bytes.length; at++) {
    const lines: string[] = []
    const splitter = new LineSplitter(line => lines.push(line))
    splitter.push(bytes.subarray(0, at))
    splitter.push(bytes.subarray(at))
    splitter.end()
    expect(lines).toEqual(['zażółć', '', '{"a":1}', 'end'])
  }
})
