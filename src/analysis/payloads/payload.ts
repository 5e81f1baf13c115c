import type { IncomparableReason } from '../../wire/outcomes.ts'

/** What an answer's body turned out to be. */
export type Payload =
  | {
      readonly kind: 'tensors'
      readonly tensors: readonly Tensor[]
      readonly model: string | null
      readonly modelVersion: string | null
    }
  | { readonly kind: 'json'; readonly value: unknown }
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
}

/** Integers beyond 2^53 are bigint, so that neighbours stay different. */
export type Scalar = number | bigint | string | boolean

export function undecoded(reason: IncomparableReason, detail: string): Undecoded {
  return { kind: 'failed', reason, detail }
}
