import { describe, expect, test } from 'vitest'
import { COMPARE_CASES, type Answer } from '../../../loadtest/compare-cases.ts'
import { compare } from '../../support/compare.ts'
import { leg } from '../../support/pairs.ts'

const bodyOf = (name: string) => COMPARE_CASES.find(each => each.name.startsWith(name))?.primary.body ?? Buffer.of()

describe('the pairs of bench:compare', () => {
  test.each(COMPARE_CASES)('$name: one pair is alike and one is not, and both are compared as $task', each => {
    const { path, contentType, task, isDeclared, primary, alike, different } = each
    const legOf = ({ body, headerLength = 0 }: Answer) => leg(body, { contentType, headerLength })
    const plan = {
      thresholds: { cosine: 0.999, rbo: 1, similarity: 0.9 },
      ...(isDeclared === true ? { task } : {}),
    }
    const compared = (shadow: Answer) => compare(legOf(primary), legOf(shadow), plan, { path })
    expect(compared(alike)).toMatchObject({ result: 'agree', task })
    expect(compared(different)).toMatchObject({ result: 'disagree', task })
    expect(alike.body.equals(primary.body)).toBe(false)
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
