import { describe, expect, test } from 'vitest'
import { ANY_CHILD } from '../../../../src/config/snapshot.ts'
import { REDACTED, redactDifference } from '../../../../src/sinks/redact.ts'
import { compare, comparePayloads } from '../../../support/compare.ts'
import { generation, generations } from '../../../support/generations.ts'
import { floats, labels, oipAnswer } from '../../../support/oip.ts'

const call = (name: string, args: string) => ({ name, arguments: args })
const calling = (...toolCalls: { name: string; arguments: string }[]) =>
  generations(generation('', { toolCalls, finishReason: 'tool_calls' }))

const elsewhere = (text: string) => generations(generation(text, { steps: ['output', 1] }))

describe('generation', () => {
  test('texts agree when they are the same but for Unicode form, case and white space', () => {
    const { result, task, metrics, differences } = comparePayloads(
      generations('The  Café is open.'),
      generations('the cafe\u0301 is\nOPEN. '),
    )
    expect({ result, task, differences }).toEqual({ result: 'agree', task: 'generation', differences: [] })
    expect(metrics).toMatchObject({ choices: 1, rouge_l: 1, token_f1: 1, levenshtein_ratio: 1, refusal_flips: 0 })
  })

  test('another text is a difference, with how alike they are', () => {
    const { result, metrics, differences } = comparePayloads(
      generations('police killed the gunman'),
      generations('police kill the gunman'),
    )
    expect(result).toBe('disagree')
    expect(metrics['rouge_l']).toBeCloseTo(0.75, 12)
    expect(metrics['token_f1']).toBeCloseTo(0.75, 12)
    expect(metrics['levenshtein_ratio']).toBeCloseTo(1 - 2 / 24, 12)
    expect(metrics['length_ratio']).toBeCloseTo(22 / 24, 12)
    expect(metrics).toMatchObject({ first_divergence: 1, primary_length: 24, shadow_length: 22 })
    expect(differences).toEqual([
      {
        path: '$.choices[0].*.content',
        kind: 'value',
        primary: 'police killed the gunman',
        shadow: 'police kill the gunman',
      },
    ])
  })

  test('texts agree from the similarity on that is set, which looks at the whole texts', () => {
    const thresholds = { cosine: 1, rbo: 1, similarity: 0.75 }
    const [primary, shadow] = [generations('police killed the gunman'), generations('police kill the gunman')]
    expect(comparePayloads(primary, shadow, { thresholds }).result).toBe('agree')
    expect(comparePayloads(primary, shadow, { thresholds: { ...thresholds, similarity: 0.76 } }).result).toBe(
      'disagree',
    )
    const long = 'same '.repeat(5000)
    const tail = 'other '.repeat(5000)
    expect(
      comparePayloads(generations(long + tail), generations(long), { thresholds: { ...thresholds, similarity: 0.9 } }),
    ).toMatchObject({ result: 'disagree', metrics: { first_divergence: 5000 } })
  })

  test('another finish reason is a difference', () => {
    expect(comparePayloads(generations('a'), generations(generation('a', { finishReason: 'length' })))).toMatchObject({
      result: 'disagree',
      differences: [{ path: '$.choices[0].finish_reason', kind: 'value', primary: 'stop', shadow: 'length' }],
    })
  })

  test('choices are compared one by one, and another number is a difference of size', () => {
    expect(comparePayloads(generations('a', 'b'), generations('a', 'c'))).toMatchObject({
      metrics: { choices: 2, token_f1: 0.5 },
      differences: [{ path: '$.choices[1].*.content' }],
    })
    expect(comparePayloads(generations('a', 'b'), generations('a'))).toMatchObject({
      differences: [{ path: '$.choices', kind: 'size', primary: 2, shadow: 1 }],
    })
    expect(comparePayloads(generations(), generations()).result).toBe('agree')
  })

  describe('tool calls', () => {
    test('are the same in any order, with their arguments written in any way', () => {
      const primary = calling(call('find', '{"q":"a","n":1}'), call('find', '{"q":"b"}'))
      const shadow = calling(call('find', '{ "q": "b" }'), call('find', '{"n":1,"q":"a"}'))
      expect(comparePayloads(primary, shadow).result).toBe('agree')
    })

    test('count as often as they are made', () => {
      const once = calling(call('find', '{}'))
      const twice = calling(call('find', '{}'), call('find', '{}'))
      expect(comparePayloads(twice, once)).toMatchObject({ differences: [{ kind: 'missing', primary: 'find({})' }] })
      expect(comparePayloads(once, twice)).toMatchObject({ differences: [{ kind: 'extra', shadow: 'find({})' }] })
    })

    test('differ in arguments or in name', () => {
      const path = '$.choices[0].*.tool_calls'
      expect(comparePayloads(calling(call('find', '{"q":1}')), calling(call('find', '{"q":2}')))).toMatchObject({
        differences: [{ path, kind: 'value', primary: 'find({"q":1})', shadow: 'find({"q":2})' }],
      })
      expect(comparePayloads(calling(call('find', '{}')), calling(call('list', '{}')))).toMatchObject({
        differences: [
          { path, kind: 'missing', primary: 'find({})' },
          { path, kind: 'extra', shadow: 'list({})' },
        ],
      })
    })

    test('with arguments that are no JSON are compared as they stand', () => {
      expect(comparePayloads(calling(call('f', '{"q":')), calling(call('f', ' {"q": '))).result).toBe('agree')
      expect(comparePayloads(calling(call('f', '{"q":')), calling(call('f', '{"p":'))).result).toBe('disagree')
    })
  })

  describe('refusals', () => {
    test('that are said in a field of their own differ from answers', () => {
      const refused = generations(generation('', { refusal: 'No.' }))
      expect(comparePayloads(generations('Yes.'), refused)).toMatchObject({
        result: 'disagree',
        metrics: { refusal_flips: 1 },
      })
      expect(comparePayloads(refused, generations(generation('', { refusal: 'no.' })))).toMatchObject({
        result: 'agree',
        metrics: { refusal_flips: 0 },
      })
    })

    test.each([
      "I'm sorry, but I can't help with that.",
      'I cannot assist with this request.',
      'Sorry, I can’t comply.',
    ])('are recognised in: %s', text => {
      expect(comparePayloads(generations('Sure: mix the two.'), generations(text)).metrics['refusal_flips']).toBe(1)
    })

    test.each(["I'm sorry for the delay. Here it is.", 'You cannot help it.', 'I can help.'])(
      'are not seen in: %s',
      text => {
        expect(comparePayloads(generations('Sure: mix the two.'), generations(text)).metrics['refusal_flips']).toBe(0)
      },
    )
  })

  test('parts are ignored by the paths of any form of answer', () => {
    const choice = ['choices', ANY_CHILD] as const
    const primary = generations('a')
    const shadow = generations(generation('b', { finishReason: 'length' }))
    expect(comparePayloads(primary, shadow, { ignore: [[...choice, 'finish_reason']] }).differences).toHaveLength(1)
    expect(
      comparePayloads(primary, shadow, {
        ignore: [
          [...choice, 'finish_reason'],
          [...choice, 'message', 'content'],
        ],
      }),
    ).toMatchObject({ result: 'agree' })
    expect(comparePayloads(primary, shadow, { ignore: [['choices']] }).result).toBe('agree')
  })

  test('what redacts the text in one form of answer redacts the difference', () => {
    const [difference] = comparePayloads(generations('a'), generations('b')).differences
    for (const place of [['message', 'content'], ['delta', 'content'], ['text'], ['message']]) {
      const paths = [['choices', ANY_CHILD, ...place]]
      expect(redactDifference(difference?.primary, difference?.path ?? '', paths)).toBe(REDACTED)
    }
    expect(redactDifference(difference?.primary, difference?.path ?? '', [['email']])).toBe('a')
  })

  test('parts stand where the decoder says', () => {
    expect(comparePayloads(elsewhere('a'), elsewhere('b'))).toMatchObject({ differences: [{ path: '$.output[1]' }] })
  })

  describe('declared', () => {
    const plan = { task: 'generation' } as const

    test.each([
      ['{"generated_text":"Yes"}', '{"generated_text":"no"}', '$.generated_text'],
      ['[{"generated_text":"Yes"}]', '[{"generated_text":"no"}]', '$[0].generated_text'],
      ['{"predictions":["Yes"],"id":1}', '{"predictions":["no"],"id":2}', '$.predictions[0]'],
      ['{"text_output":"Yes","model_name":"m"}', '{"text_output":"no","model_name":"m"}', '$.text_output'],
      ['"Yes"', '"no"', '$'],
    ])('finds the text in %s', (primary, shadow, path) => {
      expect(compare(primary, shadow, plan, { path: '/generate' })).toMatchObject({
        result: 'disagree',
        task: 'generation',
        differences: [{ path, kind: 'value', primary: 'Yes', shadow: 'no' }],
      })
      expect(compare(primary, primary.replace('Yes', ' yes '), plan, { path: '/generate' }).result).toBe('agree')
    })

    test('takes tensors of texts', () => {
      expect(compare(oipAnswer([labels('t', ['a', 'B'])]), oipAnswer([labels('t', ['A', 'c'])]), plan)).toMatchObject({
        task: 'generation',
        metrics: { choices: 2 },
        differences: [{ path: '$.outputs[0].data[1]', primary: 'B', shadow: 'c' }],
      })
    })

    test('says so when there is no text', () => {
      expect(compare('{"n":1}', '{"n":2}', plan, { path: '/g' })).toMatchObject({ reason: 'wrong_task' })
      expect(compare('[]', '[ ]', plan, { path: '/g' })).toMatchObject({ reason: 'wrong_task' })
      const numbers = [1, 2].map(value => oipAnswer([floats('y', [1], [value])]))
      expect(compare(numbers[0] ?? '', numbers[1] ?? '', plan)).toMatchObject({ reason: 'wrong_task' })
      expect(comparePayloads(generations('a'), generations('b'), { task: 'ranking' })).toMatchObject({
        reason: 'wrong_task',
      })
    })
  })
})
