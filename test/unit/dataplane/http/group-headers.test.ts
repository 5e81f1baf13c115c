import { describe, expect, test } from 'vitest'
import { groupHeaders, requestIdOf } from '../../../../src/dataplane/http/request-headers.ts'
import { FakeDownstream } from '../../../support/fake-downstream.ts'

describe('groupHeaders', () => {
  test('keeps the order of names, the first form of each, and the order of its values', () => {
    const grouped = groupHeaders(['B', '1', 'a', '2', 'b', '3', 'A', '4', 'B', '1', 'c', ''])
    expect([...grouped]).toEqual([
      ['B', ['1', '3', '1']],
      ['a', ['2', '4']],
      ['c', ''],
    ])
  })

  test('takes names that every object has for names', () => {
    expect(groupHeaders(['__proto__', 'x', 'constructor', 'y']).get('__proto__')).toBe('x')
  })
})

describe('requestIdOf', () => {
  test.each([
    ['the one the client sent', ['x-request-id', 'abc'], 'abc'],
    ['an own one without', [], 'own'],
    ['an own one for an empty one', ['x-request-id', ''], 'own'],
    ['an own one for one that is too long', ['x-request-id', 'a'.repeat(201)], 'own'],
    ['one of 200 characters', ['x-request-id', 'a'.repeat(200)], 'a'.repeat(200)],
  ])('is %s', (_what, headers, expected) => {
    expect(requestIdOf(new FakeDownstream(headers), 'own')).toBe(expected)
  })
})
