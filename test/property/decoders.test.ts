import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseEventStream } from '../../src/analysis/payloads/event-stream.ts'
import { decodeChunks } from '../../src/analysis/payloads/openai/chunks.ts'
import { decodeOpenAiStream } from '../../src/analysis/payloads/openai/stream.ts'
import { decoded, eventStream } from '../support/decoded.ts'
import { decodeTimed, mutatedAnswer } from '../support/mutated-answers.ts'
import { expectLawful } from '../support/payload-laws.ts'

const LIMIT_MS = 50
const DONE = { type: '', data: '[DONE]' }

describe('the payload decoders', () => {
  test('give lawful payloads of broken answers, never throw and never stall', () => {
    const kinds = new Set<string>()
    fc.assert(
      fc.property(mutatedAnswer, answer => {
        const { decoded: found, ms } = decodeTimed(answer, LIMIT_MS)
        expect(ms).toBeLessThan(LIMIT_MS)
        if (found === null) return
        expectLawful(found)
        kinds.add(found.payload.kind)
      }),
      { numRuns: 12_000 },
    )
    expect([...kinds].sort()).toEqual([
      'bytes',
      'embeddings',
      'error',
      'failed',
      'generations',
      'json',
      'json_lines',
      'tensors',
      'text',
    ])
  })

  test('put a text together to the same whatever the pieces it was streamed in', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), pieces => {
        const chunks = pieces.map(content => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }))
        const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
        const { payload } = decoded('/v1/chat/completions', eventStream(...chunks, end, '[DONE]'))
        expect(payload).toMatchObject({ choices: [{ text: pieces.join('') }] })
      }),
    )
  })

  test('give the same whether neighbouring chunks are parsed one by one or together', () => {
    const piece = fc.record({
      index: fc.nat(1),
      delta: fc.oneof(
        { weight: 4, arbitrary: fc.record({ content: fc.string({ unit: 'binary' }) }) },
        fc.record({
          content: fc.constantFrom('"delta":{"content":"', '\\', '"'),
          refusal: fc.constantFrom(null, 'no'),
        }),
        fc.constant({}),
      ),
      finish_reason: fc.constantFrom(null, null, 'stop'),
    })
    const chunk = fc.record({
      choices: fc.array(piece, { minLength: 1, maxLength: 2 }),
      model: fc.constantFrom('m', 'n'),
    })
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1 }), chunks => {
        const events = [...chunks, ...chunks].map(each => ({ type: '', data: JSON.stringify(each) }))
        expect(decodeOpenAiStream([...events, DONE])).toEqual(
          decodeChunks(events.map(({ data }) => JSON.parse(data) as unknown)),
        )
      }),
    )
  })

  test('read the raw bytes of any floats as JSON reads their digits', () => {
    const finite = fc.double({ noDefaultInfinity: true, noNaN: true })
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 20 }), values => {
        const bytes = Buffer.from(Float64Array.from(values).buffer)
        const output = { name: 'y', datatype: 'FP64', shape: [values.length] }
        const json = JSON.stringify({ outputs: [{ ...output, parameters: { binary_data_size: bytes.length } }] })
        const binary = decoded('/x', Buffer.concat([Buffer.from(json), bytes]), { headerLength: json.length })
        const text = values.map(value => (Object.is(value, -0) ? '-0' : JSON.stringify(value))).join(',')
        const whole = decoded(
          '/x',
          `{"outputs":[{"name":"y","datatype":"FP64","shape":[${values.length}],"data":[${text}]}]}`,
        )
        expect(binary).toEqual(whole)
      }),
    )
  })
})

describe('event streams', () => {
  const line = fc.string({ unit: 'grapheme' }).filter(text => !/[\r\n]/.test(text))

  test('give back the data that any line ends carried', () => {
    const event = fc.array(line, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(event), fc.constantFrom('\n', '\r', '\r\n'), (events, end) => {
        const body = events.map(lines => lines.map(text => `data: ${text}${end}`).join('') + end).join(`: c${end}`)
        expect(parseEventStream(Buffer.from(body))?.map(({ data }) => data)).toEqual(
          events.map(lines => lines.join('\n')),
        )
      }),
    )
  })

  test('that are cut anywhere hold a beginning of their events', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), fc.nat(), (texts, at) => {
        const body = Buffer.from(texts.map(text => `data: ${text}\n\n`).join(''))
        const events = parseEventStream(body.subarray(0, at % (body.length + 1)))
        const found = events?.map(({ data }) => data) ?? []
        expect(events).not.toBeNull()
        expect(found).toEqual(texts.slice(0, found.length))
      }),
    )
  })
})
