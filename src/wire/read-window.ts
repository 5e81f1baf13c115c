import { emptyArms, emptyCounts, type SealedWindow, type WindowCounts } from './window.ts'

export const WINDOW_SCHEMA = 'understudy.window/1' satisfies SealedWindow['schema']

/**
 * A window that was written down, by this version or by another one: counts it does not have are zero, fields it has
 * beyond ours stay. null: this is no window.
 */
export function readWindow(value: unknown): SealedWindow | null {
  if (!isRecord(value)) return null
  const { schema, experiment, origin, second, sealedAtUs } = value
  if (schema !== WINDOW_SCHEMA || !isText(experiment) || !isText(origin) || !isCount(second)) return null
  if (sealedAtUs !== undefined && !isCount(sealedAtUs)) return null
  const counts = readCounts(value['counts'])
  return counts === null ? null : { ...value, schema, experiment, origin, second, counts }
}

/** The caller's own copy of counts. null: something in it is no count. */
export function readCounts(value: unknown): WindowCounts | null {
  if (!isRecord(value)) return null
  const { arms = {}, ...others } = value
  const counts = emptyCounts()
  if (!isRecord(arms) || !fill(counts as unknown as Record<string, unknown>, others, true)) return null
  // An arm without requests is not written down.
  for (const [percent, given] of Object.entries(arms)) {
    const whole = emptyArms()
    if (!(Number(percent) >= 0) || !fill(whole as unknown as Record<string, unknown>, given, true)) return null
    counts.arms[percent] = whole
  }
  return counts
}

/** The same counts without zeroes, as short as they can be written; `readCounts` gives them back. */
export function sparseCounts(counts: Readonly<WindowCounts>): object {
  return withoutZeroes(counts)
}

/** false: `given` is not of the shape of `counts`. `isKnown`: what `counts` may hold is known, else it is of a later version. */
function fill(counts: Record<string, unknown>, given: unknown, isKnown: boolean): boolean {
  if (!isRecord(given)) return false
  // Its keys are buckets: a block in one would be added up to no number.
  const isHistogram = isKnown && Object.keys(counts).length === 0
  for (const [key, value] of Object.entries(given)) {
    if (key === '__proto__') return false
    const own = counts[key]
    if (isRecord(value)) {
      if (isHistogram || typeof own === 'number') return false
      const inner = isRecord(own) ? own : {}
      counts[key] = inner
      if (!fill(inner, value, isKnown && isRecord(own))) return false
    } else if (isCount(value) && !isRecord(own)) counts[key] = value
    else return false
  }
  return true
}

function withoutZeroes(counts: object): object {
  const sparse: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(counts) as [string, unknown][]) {
    if (!isRecord(value)) {
      if (value !== 0) sparse[key] = value
      continue
    }
    const inner = withoutZeroes(value)
    if (Object.keys(inner).length > 0) sparse[key] = inner
  }
  return sparse
}

/** A block of keys: no list, no null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
