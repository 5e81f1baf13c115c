import { performance } from 'node:perf_hooks'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { decodeBody } from '../../src/analysis/payloads/decode-body.ts'
import { decodePayload } from '../../src/analysis/payloads/decode.ts'
import type { Decoded } from '../../src/analysis/payloads/protocol.ts'
import { PAYLOAD_KINDS, type PayloadKind } from '../../src/config/snapshot.ts'
import { capturedExchanges } from './captures.ts'
import { EVENT_STREAM, eventStream } from './decoded.ts'

interface Seed {
  readonly path: string
  readonly contentType: string
  readonly headerLength: number
  readonly body: Buffer
}

const recorded = capturedExchanges().map(({ path, answer: { headers, body } }): Seed => {
  const plain = decodeBody(body, headers.get('content-encoding') ?? '')
  if (plain.kind !== 'body') throw new Error(plain.detail)
  const headerLength = Number(headers.get('inference-header-content-length') ?? 0)
  return { path, contentType: headers.get('content-type') ?? '', headerLength, body: plain.body }
})

const seed = (path: string, content: string | object): Seed => {
  const isText = typeof content === 'string'
  const body = Buffer.from(isText ? content : JSON.stringify(content))
  return { path, contentType: isText ? EVENT_STREAM : 'application/json', headerLength: 0, body }
}

const delta = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
})
const tool = (called: object) => delta({ tool_calls: [{ index: 0, function: called }] })
const bytesTensor = Buffer.from(
  '{"outputs":[{"name":"t","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":13}},{"name":"h","datatype":"FP16","shape":[2],"parameters":{"binary_data_size":4}}]}',
)

/** Forms of which there is no recording. */
const composed: readonly Seed[] = [
  seed(
    '/v1/chat/completions',
    eventStream(tool({ name: 'f', arguments: '{' }), tool({ arguments: '}' }), delta({}, 'tool_calls'), '[DONE]'),
  ),
  seed('/v1/embeddings', {
    data: [
      { object: 'embedding', index: 0, embedding: 'AACAPwAAAEA=' },
      { index: 1, embedding: [1, 2] },
    ],
  }),
  seed('/v1/responses', {
    object: 'response',
    status: 'completed',
    output: [{ type: 'message', content: [{ type: 'output_text', text: 'a' }] }],
  }),
  seed(
    '/v1/responses',
    eventStream(
      { type: 'response.output_text.delta', delta: 'a' },
      { type: 'response.completed', response: { status: 'completed', output: [] } },
    ),
  ),
  seed(
    '/generate_stream',
    eventStream({ token: { text: 'a' }, generated_text: null }, { token: { text: 'b' }, generated_text: 'ab' }),
  ),
  seed('/v2/models/m/generate_stream', eventStream({ text_output: 'a' }, { text_output: 'b' })),
  seed('/v1/models/m:classify', {
    results: [
      [
        ['cat', 0.9],
        ['dog', 0.1],
      ],
    ],
  }),
  seed('/v1/models/m:predict', { predictions: [{ a: [0.5, 1], b: { b64: 'AA==' } }] }),
  { ...seed('/x', '{"a":1}\n{"a":2}\n'), contentType: 'application/x-ndjson' },
  {
    ...seed('/v2/models/m/infer', ''),
    headerLength: bytesTensor.length,
    body: Buffer.concat([bytesTensor, Buffer.from('\x02\0\0\0hi\x03\0\0\0abc\0\x3c\0\xc0', 'latin1')]),
  },
]

const SEEDS: readonly Seed[] = [...recorded, ...composed]

/** Bytes that are cut out, put in or written over. */
export const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.oneof({ weight: 9, arbitrary: fc.nat(8) }, { weight: 1, arbitrary: fc.constant(Infinity) }),
  inserted: fc.oneof(
    fc.uint8Array({ maxLength: 6 }).map(bytes => Buffer.from(bytes)),
    fc
      .constantFrom(
        '[',
        ']',
        '{',
        '}',
        '"',
        ',',
        'null',
        'NaN',
        '-',
        '1e999',
        '9007199254740993',
        '[[',
        '"error":',
        '\n',
        '\r',
        '\ndata: ',
        '\n\n',
        '"a":1,',
        '\\',
      )
      .map(text => Buffer.from(text)),
    fc
      .constantFrom('['.repeat(5_000), '{"a":'.repeat(5_000), '9'.repeat(5_000), '"\\u00'.repeat(1_000))
      .map(text => Buffer.from(text)),
  ),
})
export type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never

export function mutated(body: Buffer, mutations: readonly Mutation[]): Buffer {
  let bytes = body
  for (const { at, removed, inserted } of mutations) {
    const start = Math.floor(at * bytes.length)
    bytes = Buffer.concat([bytes.subarray(0, start), inserted, bytes.subarray(start + removed)])
  }
  return bytes
}

const PACKED = [
  ['', (body: Buffer) => body],
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', (body: Buffer) => brotliCompressSync(body.subarray(0, 2_000))],
  ['zstd', zstdCompressSync],
] as const

export interface MutatedAnswer extends Seed {
  readonly declared: PayloadKind
  readonly encoding: string
}

/** Answers of real servers, broken in a few places before and after they were packed, some with headers that lie. */
export const mutatedAnswer: fc.Arbitrary<MutatedAnswer> = fc
  .record({
    seed: fc.constantFrom(...SEEDS),
    declared: fc.oneof({ weight: 2, arbitrary: fc.constant('auto' as const) }, fc.constantFrom(...PAYLOAD_KINDS)),
    path: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.constantFrom(...SEEDS.map(({ path }) => path), '/')),
    contentType: fc.oneof(
      { weight: 4, arbitrary: fc.constant(null) },
      fc.constantFrom('', EVENT_STREAM, 'application/x-ndjson'),
    ),
    lengthOff: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      fc.integer({ min: -3, max: 3 }),
      fc.constant(2 ** 32),
    ),
    packing: fc.oneof({ weight: 6, arbitrary: fc.constant(PACKED[0]) }, fc.constantFrom(...PACKED)),
    mutations: fc.array(mutation, { maxLength: 4 }),
    packedMutations: fc.array(mutation, { maxLength: 1 }),
  })
  .map(({ seed: { path, contentType, headerLength, body }, lengthOff, packing: [encoding, pack], ...broken }) => {
    const packed = pack(mutated(body, broken.mutations))
    return {
      declared: broken.declared,
      path: broken.path ?? path,
      contentType: broken.contentType ?? contentType,
      headerLength: Math.max(0, headerLength + lengthOff),
      encoding,
      body: encoding === '' ? packed : mutated(packed, broken.packedMutations),
    }
  })

export interface TimedDecoding {
  readonly decoded: Decoded | null
  /** The best of up to three, because the machine is not ours alone. */
  readonly ms: number
}

/** null: its content encoding could not be undone. */
export function decodeTimed(answer: MutatedAnswer, limitMs: number): TimedDecoding {
  let best = decodeOnce(answer)
  for (let tries = 1; best.ms > limitMs && tries < 3; tries++)
    best = { ...best, ms: Math.min(best.ms, decodeOnce(answer).ms) }
  return best
}

function decodeOnce(answer: MutatedAnswer): TimedDecoding {
  const startMs = performance.now()
  const plain = decodeBody(answer.body, answer.encoding)
  const decoded = plain.kind === 'body' ? decodePayload(answer.declared, { ...answer, body: plain.body }) : null
  return { decoded, ms: performance.now() - startMs }
}
