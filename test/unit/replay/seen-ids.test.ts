import { describe, expect, test } from 'vitest'
import { SeenIds } from '../../../src/replay/seen-ids.ts'

describe('the ids seen', () => {
  test('are each new once: those of the proxy, of several threads, and any others', () => {
    const numbers = [0, 1, 35, 36, 8_191, 8_192, 2 ** 31, 2 ** 40]
    const ids = [
      ...['host-0a1b2c3d-0-', 'host-0a1b2c3d-1-'].flatMap(prefix => numbers.map(n => prefix + n.toString(36))),
      'host-0a1b2c3d-0-01',
      'host-0a1b2c3d-0-A',
      '',
      '-',
      'a',
      'request 7',
      '7',
    ]
    const seen = new SeenIds()
    expect(ids.filter(id => !seen.add(id))).toEqual([])
    expect(ids.filter(id => seen.add(id))).toEqual([])
  })

  test('of a million exchanges take a few hundred kilobytes', () => {
    const before = process.memoryUsage().arrayBuffers
    const seen = new SeenIds()
    for (let n = 0; n < 1_000_000; n++) seen.add(`host-0a1b2c3d-0-${n.toString(36)}`)
    expect(seen.add('host-0a1b2c3d-0-0')).toBe(false)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
  })
})
