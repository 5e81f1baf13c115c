import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../../src/dataplane/exchange.ts'
import { OpenExchanges } from '../../../src/dataplane/open-exchanges.ts'

/** What the list touches of an exchange. */
function exchange(arrivedAtUs: number) {
  const runtime = {
    users: 0,
    retain: () => void runtime.users++,
    release: () => void runtime.users--,
  }
  return { arrivedAtUs, runtime, previous: null, next: null }
}

type Minimal = ReturnType<typeof exchange>
const asExchange = (minimal: Minimal): Exchange => minimal as unknown as Exchange

function open(...arrivals: number[]) {
  const list = new OpenExchanges()
  const exchanges = arrivals.map(exchange)
  for (const one of exchanges) list.add(asExchange(one))
  const arrivalsLeft = (): number[] => list.all().map(one => one.arrivedAtUs)
  return { list, exchanges, arrivalsLeft, remove: (i: number) => list.remove(asExchange(exchanges[i] as Minimal)) }
}

describe('open exchanges', () => {
  test('have no oldest while there are none', () => {
    expect([open().list.oldest(), open().list.count]).toEqual([null, 0])
  })

  test('stay in order of arrival, whichever of them settles', () => {
    const { list, arrivalsLeft, remove } = open(1, 2, 3, 4, 5)
    expect(arrivalsLeft()).toEqual([1, 2, 3, 4, 5])
    remove(2)
    expect(arrivalsLeft()).toEqual([1, 2, 4, 5])
    remove(4)
    expect(arrivalsLeft()).toEqual([1, 2, 4])
    expect(list.count).toBe(3)
  })

  test('move the watermark only when the oldest settles', () => {
    const { list, remove } = open(1, 2, 3)
    remove(1)
    expect(list.oldest()?.arrivedAtUs).toBe(1)
    remove(0)
    expect(list.oldest()?.arrivedAtUs).toBe(3)
    remove(2)
    expect(list.oldest()).toBeNull()
  })

  test('can be opened again after all have settled', () => {
    const { list, arrivalsLeft, remove } = open(1)
    remove(0)
    const later = exchange(9)
    list.add(asExchange(later))
    expect([list.count, list.oldest()?.arrivedAtUs, arrivalsLeft()]).toEqual([1, 9, [9]])
  })

  test('keep the snapshot they arrived in, and let it go when they settle', () => {
    const { exchanges, remove } = open(1, 2)
    expect(exchanges.map(one => one.runtime.users)).toEqual([1, 1])
    remove(0)
    expect(exchanges.map(one => one.runtime.users)).toEqual([0, 1])
  })

  test('can be settled one by one while walking over all of them', () => {
    const { list } = open(1, 2, 3)
    for (const one of list.all()) list.remove(one)
    expect([list.count, list.oldest()]).toEqual([0, null])
  })
})
