import type { DifferenceKind } from '../../sinks/record.ts'
import { below, pathText, type Ignored } from './field-path.ts'
import type { Findings } from './findings.ts'
import { sameNumber, type Tolerance } from './numbers.ts'

/** Longer arrays are not tried in another order. */
const MAX_REORDERED_ITEMS = 1000

export interface StructureRules {
  readonly ignore: Ignored
  readonly tolerance: Tolerance
  /** Sees every two numbers that are compared. */
  readonly onNumbers: ((primary: number, shadow: number) => void) | null
}

/**
 * The same JSON apart from what is ignored, numbers within the tolerance? Differences: `missing` and `extra` fields of the
 * shadow, another `type`, another `value`, another `size` of an array, or the same items in another `order`.
 * `steps` is where the values are in the answer.
 */
export function compareStructure(
  primary: unknown,
  shadow: unknown,
  rules: StructureRules,
  findings: Findings,
  steps: readonly (string | number)[] = [],
): void {
  if (rules.ignore.some(path => path.length === 0)) return
  new Walk(rules, findings, [...steps]).values(primary, shadow, rules.ignore)
}

class Walk {
  readonly #rules: StructureRules
  readonly #findings: Findings
  readonly #steps: (string | number)[]

  constructor(rules: StructureRules, findings: Findings, steps: (string | number)[]) {
    this.#rules = rules
    this.#findings = findings
    this.#steps = steps
  }

  values(primary: unknown, shadow: unknown, ignored: Ignored): void {
    if (isNumber(primary) && isNumber(shadow)) {
      this.#rules.onNumbers?.(Number(primary), Number(shadow))
      if (!sameNumber(primary, shadow, this.#rules.tolerance)) this.#differ('value', primary, shadow)
    } else if (typeof primary !== typeof shadow || kindOf(primary) !== kindOf(shadow)) {
      this.#differ('type', primary, shadow)
    } else if (Array.isArray(primary)) {
      this.#arrays(primary, shadow as unknown[], ignored)
    } else if (typeof primary === 'object' && primary !== null) {
      this.#objects(primary as Record<string, unknown>, shadow as Record<string, unknown>, ignored)
    } else if (primary !== shadow) {
      this.#differ('value', primary, shadow)
    }
  }

  #objects(primary: Record<string, unknown>, shadow: Record<string, unknown>, ignored: Ignored): void {
    for (const key of Object.keys(primary)) {
      if (this.#findings.truncated) return
      const rest = below(ignored, this.#steps.length, key)
      if (rest === null) continue
      this.#steps.push(key)
      if (Object.hasOwn(shadow, key)) this.values(primary[key], shadow[key], rest)
      else this.#differ('missing', primary[key], undefined)
      this.#steps.pop()
    }
    for (const key of Object.keys(shadow)) {
      if (Object.hasOwn(primary, key) || below(ignored, this.#steps.length, key) === null) continue
      this.#steps.push(key)
      this.#differ('extra', undefined, shadow[key])
      this.#steps.pop()
    }
  }

  #arrays(primary: readonly unknown[], shadow: readonly unknown[], ignored: Ignored): void {
    if (primary.length !== shadow.length) {
      this.#differ('size', primary.length, shadow.length)
      return
    }
    const before = this.#findings.mark()
    let differing = 0
    for (let i = 0; i < primary.length && !this.#findings.truncated; i++) {
      const rest = below(ignored, this.#steps.length, i)
      if (rest === null) continue
      const count = this.#findings.count
      this.#steps.push(i)
      this.values(primary[i], shadow[i], rest)
      this.#steps.pop()
      if (this.#findings.count > count) differing++
    }
    if (differing > 1 && ignored.length === 0 && sameItemsReordered(primary, shadow)) {
      this.#findings.rollBack(before)
      this.#differ('order', primary, shadow)
    }
  }

  #differ(kind: DifferenceKind, primary: unknown, shadow: unknown): void {
    this.#findings.differ(() => pathText(this.#steps), kind, primary, shadow)
  }
}

function sameItemsReordered(primary: readonly unknown[], shadow: readonly unknown[]): boolean {
  if (primary.length > MAX_REORDERED_ITEMS) return false
  const ours = primary.map(canonical).sort()
  const theirs = shadow.map(canonical).sort()
  return ours.every((item, i) => item === theirs[i])
}

/** One text for equal values, whatever the order of their keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`)
    return `{${fields.sort().join()}}`
  }
  if (typeof value === 'string') return JSON.stringify(value)
  return value === 0 ? '0' : String(value)
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** Distinguishes what `typeof` calls object. */
function kindOf(value: unknown): 'null' | 'array' | 'other' {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : 'other'
}
