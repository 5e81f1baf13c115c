import { describe, expect, test } from 'vitest'
import type { CeilingsPlan, Snapshot } from '../../../src/config/snapshot.ts'
import { SpendingBook } from '../../../src/control/spending-book.ts'
import { MemoryDocuments } from '../../../src/judge/documents.ts'
import { Spending } from '../../../src/wire/spending.ts'
import { routedSnapshot, routePlan, shadowPlan } from '../../support/plans.ts'

const CEILINGS: CeilingsPlan = { perSecond: null, perDay: 10, bytesPerDay: null }
const KEY = 'churn/churn-v2'

const withCeilings = (ceilings: CeilingsPlan | null): Snapshot =>
  routedSnapshot({ routes: [routePlan({ shadows: [shadowPlan({ ceilings })] })] })

const counted = (book: SpendingBook): Spending => new Spending(book.memoryFor(withCeilings(CEILINGS)).get(KEY))

describe('what copies have cost', () => {
  test('is kept of shadows with a ceiling only', () => {
    const book = new SpendingBook(new MemoryDocuments())
    expect(book.memoryFor(withCeilings(null)).size).toBe(0)
    expect([...book.memoryFor(withCeilings(CEILINGS)).keys()]).toEqual([KEY])
  })

  test('is in the same memory after a reload, also when the ceiling was gone in between', () => {
    const book = new SpendingBook(new MemoryDocuments())
    counted(book).takeCopy(7, 10)
    book.memoryFor(withCeilings(null))
    expect(counted(book).read()).toEqual({ day: 7, copies: 1, bytes: 0 })
  })

  test('goes on after a restart', () => {
    const documents = new MemoryDocuments()
    const book = new SpendingBook(documents)
    counted(book).takeCopy(7, 10)
    book.save()
    expect(counted(new SpendingBook(documents)).read()).toEqual({ day: 7, copies: 1, bytes: 0 })
  })

  test('in a day that is still to come, by a clock that was wrong, counts for this one', () => {
    const documents = new MemoryDocuments()
    documents.set('spending', { [KEY]: { day: 60_000, copies: 3, bytes: 0 } })
    const today = Math.floor(Date.now() / 86_400_000)
    const { day, copies } = counted(new SpendingBook(documents)).read()
    expect(copies).toBe(3)
    expect(Math.abs(day - today)).toBeLessThanOrEqual(1)
  })

  test('of a shadow that is not in the file for one run is not forgotten', () => {
    const documents = new MemoryDocuments()
    documents.set('spending', { 'churn/other': { day: 7, copies: 3, bytes: 0 } })
    const book = new SpendingBook(documents)
    counted(book).takeCopy(7, 10)
    book.save()
    expect(documents.get('spending')).toMatchObject({ 'churn/other': { copies: 3 }, [KEY]: { copies: 1 } })
  })

  test('is written every ten seconds, and only when it has changed', () => {
    const documents = new MemoryDocuments()
    const book = new SpendingBook(documents)
    const copiesKept = (): unknown => (documents.get('spending') as Record<string, { copies: number }>)[KEY]?.copies
    const spending = counted(book)
    spending.takeCopy(7, 10)
    book.keep(20_000)
    spending.takeCopy(7, 10)
    book.keep(29_999)
    expect(copiesKept()).toBe(1)
    book.keep(30_000)
    expect(copiesKept()).toBe(2)
    documents.set('spending', 'untouched')
    book.keep(60_000)
    expect(documents.get('spending')).toBe('untouched')
  })

  test.each(['text', { [KEY]: 4 }, { [KEY]: { day: -1, copies: 1, bytes: 1 } }])(
    'begins anew where what is stored cannot be read: %j',
    stored => {
      const documents = new MemoryDocuments()
      documents.set('spending', stored)
      expect(counted(new SpendingBook(documents)).read()).toEqual({ day: 0, copies: 0, bytes: 0 })
    },
  )
})
