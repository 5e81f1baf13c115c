import type { DifferenceKind } from '../sinks/findings.ts'
import type { ExperimentReport } from '../wire/messages.ts'

/** Field names come from the models' answers: without a bound, a model that invents keys fills the memory. */
const MAX_FIELDS = 512
const REPORTED_FIELDS = 10

type TopField = ExperimentReport['topFields'][number]

/** Which fields differ most often, items of a list counted together. */
export class TopFields {
  readonly #fields = new Map<string, { path: string; kind: DifferenceKind; count: number }>()

  add(path: string, kind: DifferenceKind): void {
    const place = withoutPositions(path)
    const key = `${kind} ${place}`
    const field = this.#fields.get(key)
    if (field !== undefined) {
      field.count++
      return
    }
    if (this.#fields.size === MAX_FIELDS) this.#keepHalf()
    this.#fields.set(key, { path: place, kind, count: 1 })
  }

  top(): TopField[] {
    return this.#ranked()
      .slice(0, REPORTED_FIELDS)
      .map(([, field]) => ({ ...field }))
  }

  /** The rarer half makes room: a field that matters is among the others, or will soon be again. */
  #keepHalf(): void {
    for (const [key] of this.#ranked().slice(MAX_FIELDS / 2)) this.#fields.delete(key)
  }

  #ranked() {
    return [...this.#fields].sort(([, a], [, b]) => b.count - a.count)
  }
}

/** `$.a[3].b` becomes `$.a[*].b`; only the position of an output tensor stays, because it says which tensor. */
function withoutPositions(path: string): string {
  return path.replace(/\[\d+\]/g, (position, at: number) =>
    at === '$.outputs'.length && path.startsWith('$.outputs[') ? position : '[*]',
  )
}
