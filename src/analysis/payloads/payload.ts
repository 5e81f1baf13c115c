import type { IncomparableReason } from '../../wire/outcomes.ts'

/** What an answer's body turned out to be. */
export type Payload =
  | {
      readonly kind: 'tensors'
      readonly tensors: readonly Tensor[]
      readonly model: string | null
      readonly modelVersion: string | null
    }
  | Generations
  | Embeddings
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'json_lines'; readonly values: readonly unknown[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly length: number; readonly sha256: string }
  /** The protocol says in a 200 that the model failed. */
  | { readonly kind: 'error'; readonly message: string }
  | Undecoded

/** `detail` is for the log: what was found and where. */
export interface Undecoded {
  readonly kind: 'failed'
  readonly reason: IncomparableReason
  readonly detail: string
}

export interface Tensor {
  readonly name: string
  /** Sizes of the dimensions, outermost first; [] is a scalar. */
  readonly shape: readonly number[]
  /** Name of the Open Inference Protocol, `FP32`, `INT64`, `BYTES`, ... */
  readonly datatype: string
  /** Row-major; as many values as the shape says. */
  readonly data: readonly Scalar[]
  /** Where the values are in the answer, `*` for every item of a list; absent: `outputs[i].data`, i its place among the tensors. */
  readonly place?: readonly (string | number)[]
}

/** What a language model wrote, whole: a stream is put together before anything is compared. */
export interface Generations {
  readonly kind: 'generations'
  readonly model: string | null
  /** In order of their index. */
  readonly choices: readonly Generation[]
  readonly usage: { readonly promptTokens: number | null; readonly completionTokens: number | null } | null
  readonly isStreamed: boolean
}

export interface Generation {
  readonly index: number
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: string | null
  /** What the model said instead of an answer; null: it did not refuse. */
  readonly refusal: string | null
  /** In which field of the body all of it stands, for differences and their redaction; absent: `$.choices[index]`. */
  readonly steps?: readonly (string | number)[]
}

export interface ToolCall {
  readonly name: string
  /** JSON as the model wrote it, or what it wrote instead. */
  readonly arguments: string
}

export interface Embeddings {
  readonly kind: 'embeddings'
  readonly model: string | null
  /** In order of their index. */
  readonly vectors: readonly (Float32Array | readonly number[])[]
}

/** Integers beyond 2^53 are bigint, so that neighbours stay different. */
export type Scalar = number | bigint | string | boolean

export function undecoded(reason: IncomparableReason, detail: string): Undecoded {
  return { kind: 'failed', reason, detail }
}
