import { describe, expect, test } from 'vitest'
import { COMPARE_CASES } from '../../../loadtest/compare-cases.ts'
import { comparePayloads } from '../../support/compare.ts'

const bodyOf = (name: string) => COMPARE_CASES.find(each => each.name.startsWith(name))?.primary.body ?? Buffer.of()

describe('the pairs of bench:compare', () => {
  test.each(COMPARE_CASES)('$name: one pair is alike and one is not, and both are compared as $task', each => {
    const declared = each.isDeclared === true ? { task: each.task } : {}
    const alike = comparePayloads(each.primary.payload, each.alike.payload, {
      ...declared,
      thresholds: { cosine: 0.999, rbo: 1, similarity: 0.9 },
    })
    expect(alike).toMatchObject({ result: 'agree', task: each.task })
    expect(comparePayloads(each.primary.payload, each.different.payload, declared)).toMatchObject({
      result: 'disagree',
      task: each.task,
    })
    expect(each.alike.body.equals(each.primary.body)).toBe(false)
  })

  test('are as long as they are called', () => {
    expect(Math.round(bodyOf('chat completion').length / 1000)).toBe(2)
    expect(
      bodyOf('stream')
        .toString()
        .split('\n\n')
        .filter(event => event.startsWith('data: {')),
    ).toHaveLength(200)
    const embedding = JSON.parse(bodyOf('embedding').toString()) as { data: { embedding: number[] }[] }
    expect(embedding.data[0]?.embedding).toHaveLength(1536)
  })
})
