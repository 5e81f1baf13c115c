import { describe, expect, test } from 'vitest'
import { LinkedList } from '../../../src/dataplane/linked-list.ts'

describe('a linked list', () => {
  test('has no first item while it is empty', () => {
    const list = new LinkedList<string>()
    expect([list.first, list.size, list.all()]).toEqual([null, 0, []])
  })

  test.each([
    { out: [0], left: 'bcd' },
    { out: [1, 2], left: 'ad' },
    { out: [3], left: 'abc' },
    { out: [2, 0, 3], left: 'b' },
    { out: [0, 1, 2, 3], left: '' },
  ])('keeps the order of those that stay when $out leave', ({ out, left }) => {
    const list = new LinkedList<string>()
    const places = Array.from('abcd').map(item => list.add(item))
    for (const at of out) list.remove(places[at] as (typeof places)[number])
    expect([list.all().join(''), list.size, list.first ?? '']).toEqual([left, left.length, left.slice(0, 1)])
    list.add('e')
    expect(list.all().join('')).toBe(`${left}e`)
  })

  test('shows those that were in it, though they leave while they are looked at', () => {
    const list = new LinkedList<string>()
    const places = Array.from('abc').map(item => list.add(item))
    const seen: string[] = []
    for (const item of list.all()) {
      seen.push(item)
      for (const place of places.splice(0)) list.remove(place)
    }
    expect([seen.join(''), list.size]).toEqual(['abc', 0])
  })
})
