import { describe, expect, test } from 'vitest'
import { ReachGate } from '../../../../src/dataplane/shadow/reach-gate.ts'

const FAILURES = 5
const TRY_EVERY_MS = 100

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

  test('lets one copy try per interval once it is closed', () => {
    const gate = closedAt(1_000)
    expect(gate.allows(1_000)).toBe(false)
    expect(gate.allows(1_000 + TRY_EVERY_MS)).toBe(true)
    expect(gate.allows(1_000 + TRY_EVERY_MS)).toBe(false)
    expect(gate.allows(1_000 + 2 * TRY_EVERY_MS)).toBe(true)
  })

  test('stays closed while the tries fail, and opens with the first that reaches the shadow', () => {
    const gate = closedAt(0)
    expect(gate.allows(TRY_EVERY_MS)).toBe(true)
    gate.ended('UPSTREAM_CONNECT', TRY_EVERY_MS + 1)
    expect(gate.allows(TRY_EVERY_MS + 2)).toBe(false)
    expect(gate.allows(2 * TRY_EVERY_MS)).toBe(true)
    gate.ended('UPSTREAM_TIMEOUT', 2 * TRY_EVERY_MS + 1)
    expect(gate.allows(2 * TRY_EVERY_MS + 1)).toBe(true)
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
