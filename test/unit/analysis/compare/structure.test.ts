import { describe, expect, test } from 'vitest'
import { CostCap, CostExceeded } from '../../../../src/analysis/compare/cost-cap.ts'
import { Findings, MAX_DIFFERENCES } from '../../../../src/analysis/compare/findings.ts'
import { compareStructure, type StructureOptions } from '../../../../src/analysis/compare/structure.ts'
import { ANY_CHILD, type FieldPath, type FieldPlan } from '../../../../src/config/snapshot.ts'

function options(changes: Partial<StructureOptions> = {}): StructureOptions {
  const tolerance = { absolute: 0, relative: 0.01 }
  return { ignore: [], fields: [], tolerance, onNumbers: null, cost: new CostCap(10_000), ...changes }
}

function differences(primary: unknown, shadow: unknown, ignore: readonly FieldPath[] = []) {
  const findings = new Findings()
  compareStructure(primary, shadow, options({ ignore }), findings)
  return findings.differences
}

const many = (n: number) => Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, n]))

const within = (fields: readonly FieldPlan[], primary: unknown, shadow: unknown, ignore: readonly FieldPath[] = []) => {
  const findings = new Findings()
  const tolerance = { absolute: 0, relative: 0 }
  compareStructure(primary, shadow, options({ fields, ignore, tolerance }), findings)
  return findings.differences
}

const field = (path: FieldPath, changes: Partial<FieldPlan> = {}): FieldPlan => ({
  path,
  tolerance: null,
  order: 'list',
  ...changes,
})

const absolute = (size: number) => ({ tolerance: { absolute: size, relative: 0 } })

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
    compareStructure(many(1), many(2), options(), findings)
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

describe('settings of single fields', () => {
  test('a tolerance holds at and below its path, and nowhere else', () => {
    const primary = { a: { x: 1, list: [1, 2] }, b: 1 }
    const shadow = { a: { x: 1.4, list: [1.5, 2] }, b: 1.4 }
    expect(within([field(['a'], absolute(0.5))], primary, shadow)).toMatchObject([{ path: '$.b' }])
    expect(within([field(['a', 'list', ANY_CHILD], absolute(0.5))], primary, shadow).map(({ path }) => path)).toEqual([
      '$.a.x',
      '$.b',
    ])
    expect(within([field([], absolute(0.5))], primary, shadow)).toEqual([])
  })

  test('the deeper path decides, and of equal ones the last', () => {
    const fields = [field(['a'], absolute(1)), field(['a', ANY_CHILD], absolute(0)), field(['a', 'x'], absolute(2))]
    expect(within(fields, { a: { x: 1, y: 1 } }, { a: { x: 3, y: 2 } })).toMatchObject([{ path: '$.a.y' }])
  })

  test('a set is the same in any order; what finds no match is missing or extra', () => {
    const set = [field(['tags'], { order: 'set' })]
    expect(within(set, { tags: ['a', 'b', 'b'] }, { tags: ['b', 'a', 'b'] })).toEqual([])
    expect(within(set, { tags: ['a', 'b', 'b'] }, { tags: ['b', 'c', 'a', 'd'] })).toEqual([
      { path: '$.tags[2]', kind: 'missing', primary: 'b', shadow: null },
      { path: '$.tags[1]', kind: 'extra', primary: null, shadow: 'c' },
      { path: '$.tags[3]', kind: 'extra', primary: null, shadow: 'd' },
    ])
    expect(within(set, { tags: [['a', 'b']] }, { tags: [['b', 'a']] })).toHaveLength(2)
  })

  test('items of a set match within the tolerances and without what is ignored', () => {
    const fields = [field(['boxes'], { order: 'set' }), field(['boxes', ANY_CHILD, 'x'], absolute(0.5))]
    const primary = {
      boxes: [
        { x: 1, seed: 1 },
        { x: 5, seed: 2 },
      ],
    }
    const shadow = {
      boxes: [
        { x: 5.4, seed: 3 },
        { x: 1.4, seed: 4 },
      ],
    }
    expect(within(fields, primary, shadow, [['boxes', ANY_CHILD, 'seed']])).toEqual([])
    expect(within(fields, primary, shadow)).toHaveLength(4)
  })

  test('numbers of matched items are seen, for the error of a regression', () => {
    const seen: [number, number][] = []
    const plan = options({
      fields: [field([], { order: 'set' })],
      tolerance: { absolute: 0.5, relative: 0 },
      onNumbers: (ours, theirs) => seen.push([ours, theirs]),
    })
    compareStructure([1, 7, 3], [3, 1.25, 9], plan, new Findings())
    expect(seen).toEqual([
      [3, 3],
      [1, 1.25],
    ])
  })

  test('a comparison that takes too long ends', () => {
    let now = 0
    const cost = new CostCap(5, () => now++)
    const items = Array.from({ length: 3000 }, (_, i) => ({ i }))
    const shadow = items.map(({ i }) => ({ i: -i - 1 }))
    expect(() =>
      compareStructure(items, shadow, options({ cost, fields: [field([], { order: 'set' })] }), new Findings()),
    ).toThrow(CostExceeded)
  })
})
