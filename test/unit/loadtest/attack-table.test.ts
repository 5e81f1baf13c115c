import { describe, expect, test } from 'vitest'
import { attackTable } from '../../../loadtest/attack-table.ts'
import type { Measurement } from '../../../loadtest/measure.ts'

function measurement(p50Us: number, p99Us: number, resets = 0): Measurement {
  const errors = { refused: 0, reset: resets, timeout: 0, status: 0, protocol: 0, local: 0 }
  const tail = { p90Us: 0, p999Us: 0, maxUs: 0, firstByteP50Us: 0, firstByteP99Us: 0 }
  const rest = { ...tail, driverLagP99Us: 0, achievedPerS: 1000, cpuUsPerRequest: 60, windows: [] }
  return { sent: 1000, ok: 1000 - resets, errors, p50Us, p99Us, ...rest }
}

function cells(table: string): string[] {
  const row = table.split('\n')[2] ?? ''
  return row
    .split('|')
    .slice(1, -1)
    .map(cell => cell.trim())
}

describe('attackTable', () => {
  test('tells what the machine pays for the attack from what the proxy pays, round by round', () => {
    // In the second round the machine was ten times slower; what the attack does to the proxy itself is the same in both.
    const comparisons = [
      {
        quiet: measurement(300, 1000),
        bystander: measurement(400, 2000),
        attacked: measurement(400, 2200),
        held: 1000,
        tcpMemory: 1.5,
      },
      {
        quiet: measurement(500, 10_000),
        bystander: measurement(600, 15_000),
        attacked: measurement(700, 16_500),
        held: 950,
        tcpMemory: 0.5,
      },
    ]
    const table = attackTable([{ attack: 'heads', proxy: 'Understudy', comparisons }])
    expect(cells(table).join(' | ')).toBe(
      'heads | Understudy | 0.400 | 5.500 | 0.500 | 8.500 | 0.550 | 9.350 | ' +
        '1.93 (1.65–2.20) | 1.75 (1.50–2.00) | 1.10 | — | — | 0 | 0 | 0 | 975 | 100 %',
    )
  })

  test('a proxy without a bystander has no numbers of one, and quiet against quiet no connections', () => {
    const comparisons = [
      {
        quiet: measurement(300, 1000),
        bystander: null,
        attacked: measurement(300, 900, 10),
        held: null,
        tcpMemory: null,
      },
    ]
    const row = cells(attackTable([{ attack: 'none', proxy: 'nginx', comparisons }]))
    expect(row.slice(4, 6)).toEqual(['—', '—'])
    expect(row.slice(8)).toEqual(['0.90', '—', '—', '—', '—', '0', '—', '10 reset (1.0 %)', '—', '—'])
  })
})
