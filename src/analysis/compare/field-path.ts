import type { FieldPath } from '../../config/snapshot.ts'

/** Which ignored paths are still possible below the current place. Most comparisons ignore nothing and share this one. */
export type Ignored = readonly FieldPath[]
const NONE: Ignored = []

/** The ignored paths that start with `step` at `depth`; null: this very field is ignored. */
export function below(ignored: Ignored, depth: number, step: string | number): Ignored | null {
  if (ignored.length === 0) return NONE
  const remaining: FieldPath[] = []
  for (const path of ignored) {
    const pattern = path[depth]
    if (pattern === undefined || (typeof pattern !== 'object' && pattern !== step)) continue
    if (path.length === depth + 1) return null
    remaining.push(path)
  }
  return remaining
}

/** `$.outputs.label[3]`, and `$["a key"]` where dots would mislead. */
export function pathText(steps: readonly (string | number)[]): string {
  return steps.reduce<string>((text, step) => text + stepText(step), '$')
}

function stepText(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`
  return /^[\w$-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}
