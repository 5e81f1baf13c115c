import { base64Bytes } from '../base64.ts'
import { countOrNull, isObject } from '../json-value.ts'
import { undecoded, type Embeddings, type Payload } from '../payload.ts'
import { singles } from '../singles.ts'

type Vector = Embeddings['vectors'][number]

/** The vectors of an embeddings answer in the order of their index: numbers, or base64 of little-endian floats of 32 bits. */
export function embeddingsOf(data: readonly unknown[], model: string | null): Payload {
  const vectors: Vector[] = []
  for (const [position, item] of data.entries()) {
    if (!isObject(item)) return undecoded('invalid_payload', `data[${position}] is not an object`)
    const index = countOrNull(item['index'] ?? position)
    if (index === null || index >= data.length || vectors[index] !== undefined) {
      return undecoded('invalid_payload', `data[${position}] has no index of its own`)
    }
    const vector = vectorOf(item['embedding'])
    if (vector === null) return undecoded('invalid_payload', `data[${position}] has no embedding of numbers`)
    vectors[index] = vector
  }
  return { kind: 'embeddings', model, vectors }
}

function vectorOf(embedding: unknown): Vector | null {
  if (Array.isArray(embedding)) return embedding.every(item => typeof item === 'number') ? embedding : null
  const bytes = typeof embedding === 'string' ? base64Bytes(embedding) : null
  return bytes === null ? null : singles(bytes)
}
