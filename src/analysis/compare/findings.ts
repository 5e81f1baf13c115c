import type { Difference, DifferenceKind, FlippedLabel } from '../../sinks/findings.ts'

/** Enough to see what kind of disagreement it is; a wholly different answer must not make a megabyte of record. */
export const MAX_DIFFERENCES = 32
const MAX_TEXT_CHARACTERS = 200
export const MAX_LISTED_ITEMS = 8
/** Of one pair: a batch of thousands of rows must not make thousands of entries; `flips` counts them all. */
const MAX_LABELS = 256

export interface Mark {
  readonly count: number
  readonly kept: number
}

/** What the comparators of one pair find: differences, capped, and numbers. */
export class Findings {
  readonly differences: Difference[] = []
  readonly labels: FlippedLabel[] = []
  readonly #metrics: Record<string, number> = {}
  readonly #means = new Map<string, { sum: number; count: number }>()
  /** Differences seen, those beyond the cap included. */
  #count = 0

  get count(): number {
    return this.#count
  }

  get agree(): boolean {
    return this.#count === 0
  }

  get truncated(): boolean {
    return this.#count > this.differences.length
  }

  /** `path` is called only when the difference is kept. */
  differ(path: () => string, kind: DifferenceKind, primary: unknown, shadow: unknown): void {
    this.#count++
    if (this.differences.length === MAX_DIFFERENCES) return
    this.differences.push({ path: path(), kind, primary: shown(primary), shadow: shown(shadow) })
  }

  /** A row of the values at `path` has another class: `primary` became `shadow`. */
  flip(path: string, row: number, primary: unknown, shadow: unknown): void {
    this.differ(() => `${path}[${row}]`, 'value', primary, shadow)
    if (this.labels.length < MAX_LABELS) this.labels.push({ path, primary: String(primary), shadow: String(shadow) })
  }

  addUp(metric: string, value: number): void {
    this.#metrics[metric] = (this.#metrics[metric] ?? 0) + value
  }

  maximum(metric: string, value: number): void {
    this.#metrics[metric] = Math.max(this.#metrics[metric] ?? 0, value)
  }

  minimum(metric: string, value: number): void {
    this.#metrics[metric] = Math.min(this.#metrics[metric] ?? Infinity, value)
  }

  mark(): Mark {
    return { count: this.#count, kept: this.differences.length }
  }

  /** Forgets the differences found since the mark. */
  rollBack(mark: Mark): void {
    this.#count = mark.count
    this.differences.length = mark.kept
  }

  /** Adds `count` values with this sum to the mean that is reported as `metric`. */
  mean(metric: string, sum: number, count: number): void {
    const mean = this.#means.get(metric)
    if (mean === undefined) this.#means.set(metric, { sum, count })
    else {
      mean.sum += sum
      mean.count += count
    }
  }

  /** Finite numbers only: JSON has no others. */
  metrics(): Record<string, number> {
    const finite: Record<string, number> = {}
    for (const metric in this.#metrics) {
      const value = this.#metrics[metric] as number
      if (Number.isFinite(value)) finite[metric] = value
    }
    for (const [metric, { sum, count }] of this.#means) if (Number.isFinite(sum / count)) finite[metric] = sum / count
    return finite
  }
}

/** A value as a record can carry it: small, and made of what JSON has. */
function shown(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return value.length > MAX_TEXT_CHARACTERS ? `${value.slice(0, MAX_TEXT_CHARACTERS)}…` : value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return shown(String(value))
    case 'object':
      return value === null ? null : shownStructure(value)
    default:
      return value ?? null
  }
}

function shownStructure(value: object): unknown {
  if (Array.isArray(value)) {
    return value.length > MAX_LISTED_ITEMS || value.some(isStructure) ? `array of ${value.length}` : value.map(shown)
  }
  const keys = Object.keys(value)
  return `object with ${keys.slice(0, MAX_LISTED_ITEMS).join(', ')}${keys.length > MAX_LISTED_ITEMS ? ', …' : ''}`
}

function isStructure(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
