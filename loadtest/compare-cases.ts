import type { ComparePlan } from '../src/config/snapshot.ts'
import { INFER_PATH } from './behaviours.ts'

/** What one pair of answers is on the wire. */
export interface CompareCase {
  readonly name: string
  /** Microseconds for one pair, decoding included; what issue 7 asks for. */
  readonly targetUs: number
  readonly path: string
  readonly contentType: string
  /** The task that the whole way from the bytes must end in. */
  readonly task: Exclude<ComparePlan['task'], 'auto'>
  /** Nobody can see of a tensor that it is an embedding: where it is one, the route says so. */
  readonly isDeclared?: boolean
  readonly primary: Answer
  /** Another version's answer to the same request: other bytes, and hardly anything else. */
  readonly alike: Answer
  /** One that has nothing to do with it. */
  readonly different: Answer
}

export interface Answer {
  readonly body: Buffer
  /** Bytes of JSON before binary tensors; absent: all of it is JSON. */
  readonly headerLength?: number
}

const DIMENSIONS = 1536
const STREAM_CHUNKS = 200
const STREAM_ID = 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT'
const SENTENCES = [
  'A shadow gets a copy of each request and answers it like the version in service, but nobody waits for what it says.',
  'Both answers are kept side by side, so that the candidate is judged by the work it would do, on the day it would do it.',
  'Where the two differ, the field is named, with what each side had to say about it.',
  'A slow shadow costs nothing, because the copy has a line of its own, and when that line is full the copy is let go and counted.',
  'After some thousand pairs the evidence is enough, and either the candidate takes over or it is clear why it must not.',
]

export const COMPARE_CASES: readonly CompareCase[] = [
  {
    name: 'small classification',
    targetUs: 10,
    path: INFER_PATH,
    contentType: 'application/json',
    task: 'classification',
    primary: classification([0.02, 0.9, 0.08], 1),
    alike: classification([0.03, 0.88, 0.09], 1),
    different: classification([0.7, 0.2, 0.1], 0),
  },
  {
    name: `embedding of ${DIMENSIONS} floats, JSON`,
    targetUs: 150,
    path: '/v1/embeddings',
    contentType: 'application/json',
    task: 'embedding',
    primary: embedding('json', 1, 0),
    alike: embedding('json', 1, 1e-4),
    different: embedding('json', 2, 0),
  },
  {
    name: `embedding of ${DIMENSIONS} floats, binary tensor`,
    targetUs: 15,
    path: INFER_PATH,
    contentType: 'application/octet-stream',
    task: 'embedding',
    isDeclared: true,
    primary: embeddingTensor(1, 0),
    alike: embeddingTensor(1, 1e-4),
    different: embeddingTensor(2, 0),
  },
  {
    name: `embedding of ${DIMENSIONS} floats, base64`,
    targetUs: 15,
    path: '/v1/embeddings',
    contentType: 'application/json',
    task: 'embedding',
    primary: embedding('base64', 1, 0),
    alike: embedding('base64', 1, 1e-4),
    different: embedding('base64', 2, 0),
  },
  {
    name: 'chat completion of 2 kB',
    targetUs: 40,
    path: '/v1/chat/completions',
    contentType: 'application/json',
    task: 'generation',
    primary: chat(prose(0, 14)),
    alike: chat(prose(0, 14).replace('nobody waits', 'no one waits')),
    different: chat(prose(2, 14).toUpperCase().split(' ').toReversed().join(' ')),
  },
  {
    name: `stream of ${STREAM_CHUNKS} chunks`,
    targetUs: 200,
    path: '/v1/chat/completions',
    contentType: 'text/event-stream',
    task: 'generation',
    primary: stream(prose(0, 9)),
    alike: stream(prose(0, 9).replace('nobody waits', 'no one waits')),
    different: stream(prose(2, 9).toUpperCase().split(' ').toReversed().join(' ')),
  },
]

/** As MLServer answers for a model with scores and a label. */
function classification(scores: readonly number[], label: number): Answer {
  const tensors = [
    { name: 'probabilities', shape: [1, scores.length], datatype: 'FP32', data: scores },
    { name: 'label', shape: [1, 1], datatype: 'INT64', data: [label] },
  ]
  const answer = {
    model_name: 'digits',
    model_version: '1',
    id: '7d3c64d1-66a3-4f60-8d30-8ff8b1d2a1b1',
    parameters: {},
  }
  return { body: json({ ...answer, outputs: tensors }) }
}

/** `seed`: which vector; `noise`: how far from it. */
function vectorOf(seed: number, noise: number): Float32Array {
  return Float32Array.from({ length: DIMENSIONS }, (_, i) => Math.sin(seed * 1000 + i * i) / 28 + noise * Math.sin(i))
}

/** As Triton answers when it is asked for binary data. */
function embeddingTensor(seed: number, noise: number): Answer {
  const vector = vectorOf(seed, noise)
  const tensor = { name: 'embedding', shape: [1, DIMENSIONS], datatype: 'FP32' }
  const outputs = [{ ...tensor, parameters: { binary_data_size: vector.byteLength } }]
  const header = json({ model_name: 'encoder', model_version: '1', outputs })
  return { body: Buffer.concat([header, Buffer.from(vector.buffer)]), headerLength: header.length }
}

/** As OpenAI's API answers, in either encoding_format. */
function embedding(format: 'json' | 'base64', seed: number, noise: number): Answer {
  const vector = vectorOf(seed, noise)
  // Nine digits give single precision back exactly: more are not written by servers that know their type.
  const numbers = Array.from(vector, value => Number(value.toPrecision(9)))
  const values = format === 'json' ? numbers : Buffer.from(vector.buffer).toString('base64')
  const data = [{ object: 'embedding', index: 0, embedding: values }]
  return { body: json({ object: 'list', data, model: 'm', usage: { prompt_tokens: 8, total_tokens: 8 } }) }
}

function chat(text: string): Answer {
  const message = { role: 'assistant', content: text, refusal: null, annotations: [] }
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }]
  const usage = { prompt_tokens: 19, completion_tokens: 310, total_tokens: 329 }
  const answer = { id: STREAM_ID, object: 'chat.completion', created: 1741569952, model: 'm', choices, usage }
  return { body: json(answer) }
}

function event(delta: object, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason }]
  const chunk = { id: STREAM_ID, object: 'chat.completion.chunk', created: 1741569952, model: 'm', choices }
  return `data: ${JSON.stringify(chunk)}\n\n`
}

/** Server-sent events, the text cut into even pieces. */
function stream(text: string): Answer {
  const size = Math.ceil(text.length / (STREAM_CHUNKS - 2))
  const pieces = Array.from({ length: STREAM_CHUNKS - 2 }, (_, i) =>
    event({ content: text.slice(i * size, (i + 1) * size) }),
  )
  const events = [event({ role: 'assistant', content: '' }), ...pieces, event({}, 'stop'), 'data: [DONE]\n\n']
  return { body: Buffer.from(events.join('')) }
}

function prose(first: number, count: number): string {
  return Array.from({ length: count }, (_, i) => SENTENCES[(first + i) % SENTENCES.length]).join(' ')
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}
