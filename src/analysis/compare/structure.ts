import type { ComparePlan } from '../../config/snapshot.ts'
import type { DifferenceKind } from '../../sinks/findings.ts'
import { canonicalText } from './canonical-text.ts'
import type { CostCap } from './cost-cap.ts'
import { pathText, rulesBelow, rulesOf, type FieldRules } from './field-path.ts'
import { Findings } from './findings.ts'
import { sameNumber } from './numbers.ts'

/** Longer arrays are not tried in another order, unless they are declared to be sets. */
const MAX_REORDERED_ITEMS = 1000

export interface StructureOptions extends Pick<ComparePlan, 'ignore' | 'fields' | 'tolerance'> {
  /** Sees every two numbers that are compared. */
  readonly onNumbers: ((primary: number, shadow: number) => void) | null
  readonly cost: CostCap
}

/**
 * The same JSON apart from what is ignored, numbers within the tolerance of their field? Differences: `missing` and `extra`
 * fields of the shadow, another `type`, another `value`, another `size` of an array, or the same items in another `order`.
 * Items of an array with `order: set` are matched wherever they stand; what finds no match is missing or extra.
 * `steps` is where the values are in the answer. @throws CostExceeded
 */
export function compareStructure(
  primary: unknown,
  shadow: unknown,
  options: StructureOptions,
  findings: Findings,
  steps: readonly (string | number)[] = [],
): void {
  const rules = rulesOf(options)
  if (rules !== null) new Walk(options, findings, [...steps]).values(primary, shadow, rules)
}

class Walk {
  readonly #options: StructureOptions
  readonly #findings: Findings
  readonly #steps: (string | number)[]

  constructor(options: StructureOptions, findings: Findings, steps: (string | number)[]) {
    this.#options = options
    this.#findings = findings
    this.#steps = steps
  }

  values(primary: unknown, shadow: unknown, rules: FieldRules): void {
    this.#options.cost.spend(1)
    if (isNumber(primary) && isNumber(shadow)) {
      this.#options.onNumbers?.(Number(primary), Number(shadow))
      if (!sameNumber(primary, shadow, rules.tolerance)) this.#differ('value', primary, shadow)
    } else if (typeof primary !== typeof shadow || kindOf(primary) !== kindOf(shadow)) {
      this.#differ('type', primary, shadow)
    } else if (Array.isArray(primary)) {
      if (rules.order === 'set') this.#sets(primary, shadow as unknown[], rules)
      else this.#arrays(primary, shadow as unknown[], rules)
    } else if (typeof primary === 'object' && primary !== null) {
      this.#objects(primary as Record<string, unknown>, shadow as Record<string, unknown>, rules)
    } else if (primary !== shadow) {
      this.#differ('value', primary, shadow)
    }
  }

  #objects(primary: Record<string, unknown>, shadow: Record<string, unknown>, rules: FieldRules): void {
    for (const key of Object.keys(primary)) {
      if (this.#findings.truncated) return
      const below = rulesBelow(rules, this.#steps.length, key)
      if (below === null) continue
      this.#steps.push(key)
      if (Object.hasOwn(shadow, key)) this.values(primary[key], shadow[key], below)
      else this.#differ('missing', primary[key], undefined)
      this.#steps.pop()
    }
    for (const key of Object.keys(shadow)) {
      if (Object.hasOwn(primary, key) || rulesBelow(rules, this.#steps.length, key) === null) continue
      this.#differAt(key, 'extra', undefined, shadow[key])
    }
  }

  #arrays(primary: readonly unknown[], shadow: readonly unknown[], rules: FieldRules): void {
    if (primary.length !== shadow.length) {
      this.#differ('size', primary.length, shadow.length)
      return
    }
    const before = this.#findings.mark()
    let differing = 0
    for (let i = 0; i < primary.length && !this.#findings.truncated; i++) {
      const count = this.#findings.count
      this.#item(i, primary[i], shadow[i], rules)
      if (this.#findings.count > count) differing++
    }
    if (differing > 1 && rules.ignore.length === 0 && this.#areReordered(primary, shadow)) {
      this.#findings.rollBack(before)
      this.#differ('order', primary, shadow)
    }
  }

  #areReordered(primary: readonly unknown[], shadow: readonly unknown[]): boolean {
    if (primary.length > MAX_REORDERED_ITEMS) return false
    const { cost } = this.#options
    const ours = primary.map(item => canonicalText(item, cost)).sort()
    const theirs = shadow.map(item => canonicalText(item, cost)).sort()
    return ours.every((item, i) => item === theirs[i])
  }

  /** First what is the same to the letter, then what is within the tolerances, each item with the first that fits. */
  #sets(primary: readonly unknown[], shadow: readonly unknown[], rules: FieldRules): void {
    // Equal items are taken from the end of their list, where the first of them stands.
    const places = new Map<string, number[]>()
    for (let at = shadow.length - 1; at >= 0; at--) {
      const text = canonicalText(shadow[at], this.#options.cost)
      const same = places.get(text)
      if (same === undefined) places.set(text, [at])
      else same.push(at)
    }
    const unmatched: number[] = []
    for (const [at, item] of primary.entries()) {
      const same = places.get(canonicalText(item, this.#options.cost))?.pop()
      if (same === undefined) unmatched.push(at)
      else if (this.#options.onNumbers !== null) this.#item(at, item, shadow[same], rules)
    }
    const left = new Set([...places.values()].flat().sort((a, b) => a - b))
    for (const at of unmatched) {
      const below = rulesBelow(rules, this.#steps.length, at)
      if (below === null) continue
      const match = this.#firstThatAgrees(primary[at], shadow, left, below)
      if (match === null) {
        this.#differAt(at, 'missing', primary[at], undefined)
        continue
      }
      left.delete(match)
      if (this.#options.onNumbers !== null) this.#item(at, primary[at], shadow[match], rules)
    }
    for (const at of left) {
      if (rulesBelow(rules, this.#steps.length, at) !== null) this.#differAt(at, 'extra', undefined, shadow[at])
    }
  }

  /** Where it is; null: nowhere. */
  #firstThatAgrees(
    item: unknown,
    shadow: readonly unknown[],
    places: Iterable<number>,
    rules: FieldRules,
  ): number | null {
    const options = { ...this.#options, onNumbers: null }
    for (const at of places) {
      const trial = new Findings()
      new Walk(options, trial, [...this.#steps, at]).values(item, shadow[at], rules)
      if (trial.agree) return at
    }
    return null
  }

  #item(at: number, primary: unknown, shadow: unknown, rules: FieldRules): void {
    const below = rulesBelow(rules, this.#steps.length, at)
    if (below === null) return
    this.#steps.push(at)
    this.values(primary, shadow, below)
    this.#steps.pop()
  }

  #differAt(step: string | number, kind: DifferenceKind, primary: unknown, shadow: unknown): void {
    this.#steps.push(step)
    this.#differ(kind, primary, shadow)
    this.#steps.pop()
  }

  #differ(kind: DifferenceKind, primary: unknown, shadow: unknown): void {
    this.#findings.differ(() => pathText(this.#steps), kind, primary, shadow)
  }
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** Distinguishes what `typeof` calls object. */
function kindOf(value: unknown): 'null' | 'array' | 'other' {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : 'other'
}
