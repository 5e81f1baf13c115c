import { describe, expect, test } from 'vitest'
import { MemoryDocuments } from '../../../src/judge/documents.ts'
import { Overrides, type Override } from '../../../src/judge/overrides.ts'

const OVERRIDE: Override = {
  verdict: 'PROMOTE',
  actor: 'ada',
  reason: 'labels were wrong',
  at: '2026-01-01T00:00:00.000Z',
}

describe('an override', () => {
  test('belongs to its experiment, and can be taken back', () => {
    const overrides = new Overrides(new MemoryDocuments())
    overrides.set('a', OVERRIDE)
    expect([overrides.get('a'), overrides.get('b')]).toEqual([OVERRIDE, null])
    overrides.set('a', null)
    expect(overrides.get('a')).toBeNull()
  })

  test('is there after a restart, also the one that was taken back is not', () => {
    const documents = new MemoryDocuments()
    const before = new Overrides(documents)
    before.set('a', OVERRIDE)
    before.set('b', OVERRIDE)
    before.set('b', null)
    const after = new Overrides(documents)
    expect([after.get('a'), after.get('b'), after.ignored]).toEqual([OVERRIDE, null, []])
  })

  test.each([null, 5, 'PROMOTE', {}, { ...OVERRIDE, verdict: 'MAYBE' }, { ...OVERRIDE, actor: 5 }])(
    'that cannot be read, %j, is left out and named; the others stay',
    value => {
      const documents = new MemoryDocuments()
      documents.set('overrides', { a: value, b: OVERRIDE })
      const overrides = new Overrides(documents)
      expect([overrides.get('a'), overrides.get('b')]).toEqual([null, OVERRIDE])
      expect(overrides.ignored).toEqual(['the override of experiment a'])
    },
  )

  test('is forgotten when a thousand newer ones are there', () => {
    const overrides = new Overrides(new MemoryDocuments())
    for (let i = 0; i <= 1_000; i++) overrides.set(`e${i}`, OVERRIDE)
    expect([overrides.get('e0'), overrides.get('e1'), overrides.get('e1000')]).toEqual([null, OVERRIDE, OVERRIDE])
  })
})
