import { describe, expect, test } from 'vitest'
import { Findings, MAX_DIFFERENCES } from '../../../../src/analysis/compare/findings.ts'
import { compareStructure } from '../../../../src/analysis/compare/structure.ts'
import { ANY_CHILD, type FieldPath } from '../../../../src/config/snapshot.ts'

function differences(primary: unknown, shadow: unknown, ignore: readonly FieldPath[] = []) {
  const findings = new Findings()
  compareStructure(primary, shadow, { ignore, tolerance: { absolute: 0, relative: 0.01 }, onNumbers: null }, findings)
  return findings.differences
}

const many = (n: number) => Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, n]))

describe('structure', () => {
  test('equal JSON has no differences, whatever the order of keys', () => {
    expect(differences({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] })).toEqual([])
  })

  test('names every kind of difference at its path', () => {
    const primary = {
      gone: 1,
      type: '1',
      value: 'a',
      size: [1, 2],
      order: [1, 2, 3],
      null: null,
      'odd key': true,
      n: 100,
    }
    const shadow = { new: 1, type: 1, value: 'b', size: [1], order: [3, 1, 2], null: {}, 'odd key': false, n: 102 }
    expect(differences(primary, shadow)).toEqual([
      { path: '$.gone', kind: 'missing', primary: 1, shadow: null },
      { path: '$.type', kind: 'type', primary: '1', shadow: 1 },
      { path: '$.value', kind: 'value', primary: 'a', shadow: 'b' },
      { path: '$.size', kind: 'size', primary: 2, shadow: 1 },
      { path: '$.order', kind: 'order', primary: [1, 2, 3], shadow: [3, 1, 2] },
      { path: '$.null', kind: 'type', primary: null, shadow: 'object with ' },
      { path: '$["odd key"]', kind: 'value', primary: true, shadow: false },
      { path: '$.n', kind: 'value', primary: 100, shadow: 102 },
      { path: '$.new', kind: 'extra', primary: null, shadow: 1 },
    ])
  })

  test('numbers have the tolerance, NaN equals NaN, and null is not nothing', () => {
    expect(differences([100, Number.NaN, -0], [101, Number.NaN, 0])).toEqual([])
    expect(differences({ a: null }, {})).toMatchObject([{ kind: 'missing', path: '$.a' }])
  })

  test('integers beyond 2^53 have no tolerance', () => {
    expect(differences([9007199254740993n], [9007199254740995n])).toEqual([
      { path: '$[0]', kind: 'value', primary: '9007199254740993', shadow: '9007199254740995' },
    ])
  })

  test('ignores fields, below any item or key too', () => {
    const primary = {
      id: 1,
      choices: [
        { text: 'a', seed: 1 },
        { text: 'b', seed: 2 },
      ],
    }
    const shadow = { id: 2, choices: [{ text: 'a', seed: 3 }, { text: 'b' }], extra: 1 }
    expect(differences(primary, shadow, [['id'], ['choices', ANY_CHILD, 'seed'], ['extra']])).toEqual([])
    expect(differences([1, 2], [1, 3], [[1]])).toEqual([])
    expect(differences({ a: 1 }, { a: 2 }, [[]])).toEqual([])
    expect(differences({ a: { b: 1, c: 1 } }, { a: { b: 2, c: 2 } }, [['a', 'b']])).toMatchObject([{ path: '$.a.c' }])
  })

  test('a reordered list of objects is one difference', () => {
    expect(differences([{ a: 1, b: 2 }, { a: 3 }, 7], [7, { a: 3 }, { b: 2, a: 1 }])).toMatchObject([
      { path: '$', kind: 'order' },
    ])
  })

  test('keeps a handful of many differences', () => {
    const findings = new Findings()
    compareStructure(
      many(1),
      many(2),
      { ignore: [], tolerance: { absolute: 0, relative: 0 }, onNumbers: null },
      findings,
    )
    expect(findings.differences).toHaveLength(MAX_DIFFERENCES)
    expect(findings.truncated).toBe(true)
  })

  test('a long list reordered from its start is still told as reordered', () => {
    const list = Array.from({ length: 500 }, (_, i) => i)
    expect(differences(list, list.toReversed())).toMatchObject([{ kind: 'order' }])
  })

  test('shows values small and in JSON', () => {
    expect(differences({ a: 'x'.repeat(1000), b: Number.NaN, c: [[1]] }, { a: '', b: 1, c: 1 })).toMatchObject([
      { primary: `${'x'.repeat(200)}…` },
      { primary: 'NaN' },
      { primary: 'array of 1' },
    ])
  })
})
