import { MAX_DEPTH } from './tolerant-json.ts'

/** Keys of all objects in a parsed value; null: nested deeper than MAX_DEPTH. */
export function countKeys(value: unknown, depth = 0): number | null {
  if (typeof value !== 'object' || value === null) return 0
  if (depth === MAX_DEPTH) return null
  if (Array.isArray(value)) return countAll(value, 0, depth)
  const keys = Object.keys(value)
  return countAll(Object.values(value), keys.length, depth)
}

function countAll(children: readonly unknown[], own: number, depth: number): number | null {
  let keys = own
  for (const child of children) {
    // Most values of a prediction are numbers: a call for each would cost more than the look.
    if (typeof child !== 'object' || child === null) continue
    const below = countKeys(child, depth + 1)
    if (below === null) return null
    keys += below
  }
  return keys
}
