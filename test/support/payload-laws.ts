import { expect } from 'vitest'
import type { Payload } from '../../src/analysis/payloads/payload.ts'
import { PAYLOAD_FORMATS, type Decoded } from '../../src/analysis/payloads/protocol.ts'
import { INCOMPARABLE_REASONS } from '../../src/wire/outcomes.ts'

/** What holds for whatever a decoder gives, so that comparators need not look again. */
export function expectLawful({ format, payload }: Decoded): void {
  expect(PAYLOAD_FORMATS).toContain(format)
  if (payload.kind === 'failed') expect(INCOMPARABLE_REASONS).toContain(payload.reason)
  expect(problems(payload)).toEqual([])
}

function problems(payload: Payload): string[] {
  switch (payload.kind) {
    case 'tensors':
      return payload.tensors.flatMap(({ name, shape, datatype, data }, i) => [
        ...(data.length === shape.reduce((product, size) => product * size, 1)
          ? []
          : [`${name} has ${data.length} values`]),
        ...(data.includes(undefined as never) ? [`${name} has holes`] : []),
        ...(datatype === '' ? [`${name} has no datatype`] : []),
        ...(payload.tensors.findIndex(each => each.name === name) === i ? [] : [`${name} twice`]),
      ])
    case 'generations':
      return payload.choices.flatMap(({ index, text }, i) => {
        const before = payload.choices[i - 1]?.index ?? -1
        return index > before && typeof text === 'string' ? [] : [`choice ${index} after ${before}`]
      })
    case 'embeddings':
      return payload.vectors.flatMap((vector, i) =>
        vector.every(each => typeof each === 'number') ? [] : [`vector ${i}`],
      )
    default:
      return []
  }
}
