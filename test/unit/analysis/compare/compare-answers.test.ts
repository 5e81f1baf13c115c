import { describe, expect, test } from 'vitest'
import { compareAnswers } from '../../../../src/analysis/compare/compare-answers.ts'
import { CostCap, CostExceeded } from '../../../../src/analysis/compare/cost-cap.ts'
import type { Payload } from '../../../../src/analysis/payloads/payload.ts'
import { comparePayloads } from '../../../support/compare.ts'
import { generation, generations } from '../../../support/generations.ts'
import { comparePlan } from '../../../support/pairs.ts'

const text = (value: string): Payload => ({ kind: 'text', text: value })
const lines = (...values: unknown[]): Payload => ({ kind: 'json_lines', values })
const bytes = (length: number, sha256: string): Payload => ({ kind: 'bytes', length, sha256 })

/** The clock goes on by a millisecond whenever it is read. */
const soonOver = () => {
  let now = 0
  return new CostCap(3, () => now++)
}

const words = (prefix: string): string => Array.from({ length: 3000 }, (_, i) => `${prefix}${i % 700}`).join(' ')

const calls = (offset: number) => Array.from({ length: 3000 }, (_, i) => ({ name: `f${i + offset}`, arguments: '{}' }))

describe('payloads of each kind', () => {
  test('texts are what a model wrote, unless they are asked for to the letter', () => {
    expect(comparePayloads(text('A  b'), text('a b'))).toMatchObject({ result: 'agree', task: 'generation' })
    expect(comparePayloads(text('A  b'), text('a b'), { task: 'structure' })).toMatchObject({
      result: 'disagree',
      task: 'structure',
      differences: [{ path: '$', kind: 'value', primary: 'A  b', shadow: 'a b' }],
    })
    expect(comparePayloads(text('1'), text('2'), { task: 'regression' })).toMatchObject({ reason: 'wrong_task' })
  })

  test('lines of JSON are compared line by line', () => {
    expect(comparePayloads(lines({ a: 1 }, { b: 2 }), lines({ a: 1 }, { b: 3 }))).toMatchObject({
      task: 'structure',
      differences: [{ path: '$[1].b', kind: 'value', primary: 2, shadow: 3 }],
    })
    expect(comparePayloads(lines(1), lines(1, 2))).toMatchObject({ differences: [{ path: '$', kind: 'size' }] })
    expect(comparePayloads(lines(1), lines(1), { task: 'embedding' })).toMatchObject({ reason: 'wrong_task' })
  })

  test('bytes are the same or not', () => {
    expect(comparePayloads(bytes(3, 'ab'), bytes(3, 'ab'))).toMatchObject({ result: 'agree', task: 'bytes' })
    expect(comparePayloads(bytes(3, 'ab'), bytes(3, 'cd'))).toMatchObject({
      differences: [{ path: '$', kind: 'value', primary: 'sha256:ab', shadow: 'sha256:cd' }],
    })
    expect(comparePayloads(bytes(3, 'ab'), bytes(4, 'ab'))).toMatchObject({ differences: [{ kind: 'size' }] })
    expect(comparePayloads(bytes(3, 'ab'), bytes(3, 'ab'), { task: 'ranking' })).toMatchObject({ reason: 'wrong_task' })
  })

  test('of two kinds are a mistake of the caller', () => {
    expect(() => comparePayloads(text('a'), bytes(1, 'a'))).toThrow('a payload of kind text with one of kind bytes')
  })
})

describe('a comparison over its time ends', () => {
  const similar = comparePlan({ thresholds: { cosine: 1, rbo: 1, similarity: 0.9 } })

  test('of long texts', () => {
    const [primary, shadow] = [generations(words('a')), generations(words('b'))]
    expect(() => compareAnswers(primary, shadow, similar, soonOver())).toThrow(CostExceeded)
  })

  test('of thousands of tool calls', () => {
    const [primary, shadow] = [0, 5000].map(offset => generations(generation('', { toolCalls: calls(offset) })))
    expect(() => compareAnswers(primary ?? text(''), shadow ?? text(''), similar, soonOver())).toThrow(CostExceeded)
  })

  test('of thousands of vectors', () => {
    const vectors = Array.from({ length: 3000 }, () => Array.from({ length: 64 }, (_, i) => i))
    const payload = { kind: 'embeddings', model: null, vectors } as const
    expect(() => compareAnswers(payload, payload, similar, soonOver())).toThrow(CostExceeded)
  })
})
