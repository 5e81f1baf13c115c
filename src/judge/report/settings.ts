import type { ExperimentPlan, FieldPath, FieldPlan } from '../../config/snapshot.ts'
import { duration, grouped } from '../../evidence/words.ts'
import { latencyFigure, NOTHING } from './figures.ts'

export interface Setting {
  /** `verdict.min_duration` */
  readonly key: string
  readonly value: string
}

/**
 * Everything of an experiment's plan that a verdict depends on, as keys and words. Whatever the plan holds is listed: a
 * setting that is new cannot be forgotten here.
 */
export function settings({ inclusion, maxBodyBytes, unit, compare, gates, verdict }: ExperimentPlan): Setting[] {
  return flatten('', { inclusion, maxBodyBytes, unit: unit?.source ?? null, compare, gates, verdict })
}

function flatten(prefix: string, values: object): Setting[] {
  return Object.entries(values).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return flatten(`${prefix}${keyOf(name)}.`, value)
    }
    if (Array.isArray(value) && value.some(isFieldPlan)) {
      return value.filter(isFieldPlan).flatMap(({ path, ...asked }) => {
        return flatten(`${prefix}${keyOf(name)}.${pathText(path)}.`, asked)
      })
    }
    return [{ key: prefix + keyOf(name), value: inWords(name, value) }]
  })
}

function isFieldPlan(value: unknown): value is FieldPlan {
  return typeof value === 'object' && value !== null && 'path' in value
}

/** `minDurationMs` as `min_duration`. */
function keyOf(name: string): string {
  return name.replace(/(Ms|Us|Bytes)$/, '').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

function inWords(name: string, value: unknown): string {
  if (value === null) return NOTHING
  if (typeof value === 'number' && name.endsWith('Ms')) return duration(value)
  if (typeof value === 'number' && name.endsWith('Us')) return latencyFigure(value)
  if (typeof value === 'number' && name.endsWith('Bytes')) return `${grouped(value)} bytes`
  if (!Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value)
  return value.length === 0
    ? NOTHING
    : value.map(each => (Array.isArray(each) ? pathText(each) : String(each))).join(', ')
}

/** As the routing file writes it: `$.a[0].*`. */
function pathText(path: FieldPath): string {
  const steps = path.map(step => {
    if (typeof step === 'number') return `[${step}]`
    if (typeof step === 'object') return '.*'
    return /^[\w-]+$/.test(step) ? `.${step}` : `['${step.replaceAll(/['\\]/g, mark => `\\${mark}`)}']`
  })
  return `$${steps.join('')}`
}
