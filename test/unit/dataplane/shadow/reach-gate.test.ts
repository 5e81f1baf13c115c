import { describe, expect, test } from 'vitest'
import { ReachGate } from '../../../../src/dataplane/shadow/reach-gate.ts'

const FAILURES = 5
const FIRST_TRY_MS = 100
const LATEST_TRY_MS = 1_600

function closedAt(nowMs: number): ReachGate {
  const gate = new ReachGate()
  for (let i = 0; i < FAILURES; i++) gate.ended('UPSTREAM_CONNECT', nowMs)
  return gate
}

describe('the gate in front of a shadow', () => {
  test('stays open for fewer failed connections in a row than a restart may cause', () => {
    const gate = new ReachGate()
    for (let i = 0; i < FAILURES - 1; i++) gate.ended('UPSTREAM_TLS', 0)
    gate.ended(null, 0)
    for (let i = 0; i < FAILURES - 1; i++) gate.ended('UPSTREAM_CONNECT', 0)
    expect(gate.allows(0)).toBe(true)
  })

  test('lets one copy try per interval once it is closed, and doubles the interval', () => {
    const gate = closedAt(1_000)
    const triesMs: number[] = []
    for (let ms = 0; ms <= 6_500; ms += 10) {
      if (gate.allows(1_000 + ms)) triesMs.push(ms)
    }
    const waitsMs = triesMs.map((ms, i) => ms - (triesMs[i - 1] ?? 0))
    expect(waitsMs).toEqual([FIRST_TRY_MS, 200, 400, 800, LATEST_TRY_MS, LATEST_TRY_MS, LATEST_TRY_MS])
  })

  test('begins with the shortest interval each time it closes', () => {
    const gate = closedAt(0)
    for (let ms = 0; ms <= 5_000; ms += 10) gate.allows(ms)
    gate.ended(null, 5_000)
    for (let i = 0; i < FAILURES; i++) gate.ended('UPSTREAM_CONNECT', 5_000)
    expect(gate.allows(5_000 + FIRST_TRY_MS)).toBe(true)
  })

  test('stays closed while the tries fail, and opens with the first that reaches the shadow', () => {
    const gate = closedAt(0)
    expect(gate.allows(FIRST_TRY_MS)).toBe(true)
    gate.ended('UPSTREAM_CONNECT', FIRST_TRY_MS + 1)
    expect(gate.allows(2 * FIRST_TRY_MS)).toBe(false)
    expect(gate.allows(3 * FIRST_TRY_MS)).toBe(true)
    gate.ended('UPSTREAM_TIMEOUT', 3 * FIRST_TRY_MS + 1)
    expect(gate.allows(3 * FIRST_TRY_MS + 1)).toBe(true)
  })

  test.each(['UPSTREAM_TIMEOUT', 'UPSTREAM_RESET', 'UPSTREAM_PROTOCOL'] as const)(
    'never closes for %s: that is what the comparison is there to see',
    code => {
      const gate = new ReachGate()
      for (let i = 0; i < 100; i++) gate.ended(code, i)
      expect(gate.allows(100)).toBe(true)
    },
  )
})
