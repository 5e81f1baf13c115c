import { describe, expect, test } from 'vitest'
import { ANY_CHILD, type ComparePlan } from '../../../src/config/snapshot.ts'
import { loadText, problemsOf, SMALLEST } from './routing-files.ts'

const withCompare = (text: string): string => SMALLEST.replace('    shadows', `    compare: ${text}\n    shadows`)
const planOf = (text: string): ComparePlan | null | undefined => loadText(withCompare(text)).experiments[0]?.compare
const idOf = (text: string): string | undefined => loadText(withCompare(text)).experiments[0]?.id

describe('compare', () => {
  test('takes every task, thresholds and limits', () => {
    expect(
      planOf(
        '{ task: ranking, thresholds: { rbo: 0.8, similarity: 0.7, cosine: -1 }, limits: { body: 1MiB, time: 5ms } }',
      ),
    ).toMatchObject({
      task: 'ranking',
      thresholds: { rbo: 0.8, similarity: 0.7, cosine: -1 },
      limits: { bodyBytes: 1_048_576, timeMs: 5 },
    })
    for (const task of ['embedding', 'generation']) expect(planOf(`{ task: ${task} }`)).toMatchObject({ task })
  })

  test('sorts the settings of fields, special paths last, and adds ignored ones to the others', () => {
    const plan = planOf(
      "{ ignore: [$.id], fields: { '$.b': { order: set }, '$.a.*': { tolerance: { absolute: 2 } }, $.a: { order: set }, $.seed: { ignore: true } } }",
    )
    expect(plan?.ignore).toEqual([['id'], ['seed']])
    expect(plan?.fields).toEqual([
      { path: ['a', ANY_CHILD], tolerance: { absolute: 2, relative: 1e-3 }, order: 'list' },
      { path: ['a'], tolerance: null, order: 'set' },
      { path: ['b'], tolerance: null, order: 'set' },
    ])
  })

  test('with the same settings in another order is the same experiment, with other ones another', () => {
    const ids = [
      '{ fields: { $.a: { order: set }, $.b: { ignore: true } } }',
      '{ fields: { $.b: { ignore: true }, $.a: { order: set } } }',
      '{ fields: { $.a: { order: set }, $.b: { order: set } } }',
      '{ thresholds: { cosine: 0.99 } }',
      '{ limits: { time: 49ms } }',
    ].map(idOf)
    expect(ids[0]).toBe(ids[1])
    expect(new Set(ids).size).toBe(4)
  })

  test.each([
    [
      '{ fields: { a: { order: set } } }',
      `routing.yaml:9:26  routes[0].compare.fields.a: is not a field path
    hint: write $.a.b, $.a[0], $.a[*], $.* or $['odd name']`,
    ],
    [
      '{ fields: { $.a: { order: bag } } }',
      'routing.yaml:9:40  routes[0].compare.fields["$.a"].order: expected one of list, set',
    ],
    ['{ thresholds: { rbo: 95 } }', 'routing.yaml:9:35  routes[0].compare.thresholds.rbo: must be at most 1'],
    ['{ limits: { body: 64MiB } }', `routing.yaml:9:32  routes[0].compare.limits.body: must be at most 32MiB`],
    [
      '{ task: rankings }',
      `routing.yaml:9:22  routes[0].compare.task: expected one of auto, classification, regression, embedding, ranking, generation, structure
    hint: did you mean \`ranking\`?`,
    ],
  ])('refuses %s', (text, problem) => {
    expect(problemsOf(withCompare(text))).toContain(problem)
  })
})
