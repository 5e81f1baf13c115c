import type { Vector } from './embedding.ts'

/** Where embedding servers put their vectors; else the whole answer must be one or a list of them. */
const VECTOR_FIELDS = ['predictions', 'embeddings', 'embedding', 'data'] as const

/** The vectors of a plain JSON answer: lists of numbers, alone or in lists; null: there is something else, or nothing. */
export function jsonVectors(value: unknown): Vector[] | null {
  const vectors: Vector[] = []
  return collect(value, [], vectors) && vectors.length > 0 ? vectors : null
}

function collect(value: unknown, steps: readonly (string | number)[], vectors: Vector[]): boolean {
  if (steps.length > 3 || typeof value !== 'object' || value === null) return false
  if (!Array.isArray(value)) {
    const field = VECTOR_FIELDS.find(name => Object.hasOwn(value, name))
    return field !== undefined && collect((value as Record<string, unknown>)[field], [...steps, field], vectors)
  }
  if (typeof value[0] !== 'number') return value.every((item, i) => collect(item, [...steps, i], vectors))
  if (!value.every(item => typeof item === 'number')) return false
  vectors.push({ values: value, start: 0, size: value.length, steps })
  return true
}
