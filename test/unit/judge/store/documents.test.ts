import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { AUDIT_ENTRIES_KEPT } from '../../../../src/judge/store/audit.ts'
import { openStore, stateDir } from '../../../support/state-dir.ts'

describe('documents', () => {
  test('are what was set last, also after a restart', () => {
    const dir = stateDir()
    const { store } = openStore(dir)
    expect(store.documents.get('rollout/churn')).toBeUndefined()
    store.documents.set('rollout/churn', { state: 'ramping', step: 1 })
    store.documents.set('rollout/churn', { state: 'held', why: 'INVALID “so” 😀' })
    store.documents.set('percent', 5)
    const seen = () => [store.documents.get('rollout/churn'), store.documents.get('percent')]
    expect(seen()).toEqual([{ state: 'held', why: 'INVALID “so” 😀' }, 5])
    store.close()
    const again = openStore(dir).store
    expect(again.documents.get('rollout/churn')).toEqual({ state: 'held', why: 'INVALID “so” 😀' })
    expect(again.documents.get('percent')).toBe(5)
  })

  test('can be forgotten', () => {
    const dir = stateDir()
    const { store } = openStore(dir)
    store.documents.set('percent', 5)
    store.documents.set('percent', undefined)
    expect(store.documents.get('percent')).toBeUndefined()
    store.close()
    expect(openStore(dir).store.documents.get('percent')).toBeUndefined()
  })

  test('that are damaged are as if they had never been set', () => {
    const dir = stateDir()
    const first = openStore(dir).store
    first.documents.set('percent', 5)
    first.close()
    const database = new DatabaseSync(first.path)
    database.exec("UPDATE documents SET text = '50'")
    database.close()
    expect(openStore(dir).store.documents.get('percent')).toBeUndefined()
  })
})

describe('the audit log', () => {
  test('gives the newest entries first, also after a restart', () => {
    const dir = stateDir()
    const { store } = openStore(dir)
    for (const actor of ['ann', 'bob', 'cem']) store.audit.append({ actor })
    expect(store.audit.newest(2)).toEqual([{ actor: 'cem' }, { actor: 'bob' }])
    store.close()
    const again = openStore(dir).store
    again.audit.append({ actor: 'dora' })
    expect(again.audit.newest(10)).toEqual(['dora', 'cem', 'bob', 'ann'].map(actor => ({ actor })))
  })

  test('keeps a bounded number of entries', { timeout: 60_000 }, () => {
    const { store } = openStore(stateDir())
    for (let i = 0; i < AUDIT_ENTRIES_KEPT + 10; i++) store.audit.append({ i })
    const entries = store.audit.newest(Number.MAX_SAFE_INTEGER)
    expect([entries.length, entries[0], entries.at(-1)]).toEqual([
      AUDIT_ENTRIES_KEPT,
      { i: AUDIT_ENTRIES_KEPT + 9 },
      { i: 10 },
    ])
  })
})
