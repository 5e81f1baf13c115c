import { ANY_CHILD, type FieldPath, type FieldStep } from '../config/snapshot.ts'

export const REDACTED = '[redacted]'
/** Where answers differ in their status: no field of a body. */
const STATUS_PATH = '$status'

/** Replaces every field that one of the paths names, in place where it can; returns the redacted value. */
export function redactFields(value: unknown, paths: readonly FieldPath[]): unknown {
  let redacted = value
  for (const path of paths) redacted = redactAt(redacted, path, 0)
  return redacted
}

/**
 * The paths for a WebSocket session, whose bodies are lists of messages: one that begins with a name holds for every message,
 * as it does for the bodies of requests, others are of the list. None reaches into bytes, so that those go whole.
 */
export function sessionPaths(paths: readonly FieldPath[]): readonly FieldPath[] {
  if (paths.length === 0) return paths
  const ofList = paths.map(path => (typeof path[0] === 'string' ? [ANY_CHILD, ...path] : path))
  return [...ofList, [ANY_CHILD, 'base64']]
}

/** Messages that are text: where fields are to be redacted, nobody can tell whether they are in there. */
export function withoutTexts(messages: unknown): unknown {
  return Array.isArray(messages)
    ? messages.map(each => (typeof each === 'string' ? REDACTED : (each as unknown)))
    : messages
}

function redactAt(node: unknown, path: FieldPath, depth: number): unknown {
  const step = path[depth]
  if (step === undefined) return REDACTED
  if (typeof node !== 'object' || node === null) return node
  for (const key of matchingKeys(node, step)) {
    const child = (node as Record<string, unknown>)[key]
    // Defined, not assigned: a body may have a field called `__proto__`, and assigning to that one changes no field.
    Object.defineProperty(node, key, {
      value: redactAt(child, path, depth + 1),
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  return node
}

function matchingKeys(node: object, step: FieldStep): string[] {
  if (typeof step === 'object') return Object.keys(node)
  const key = String(step)
  return Object.hasOwn(node, key) && !(Array.isArray(node) && key === 'length') ? [key] : []
}

/**
 * Redacts one side of a difference found at `path` (as the comparator writes it: `$.a.b[0]`). A difference at or under a
 * redacted field is replaced whole; in one above it, the field is replaced inside. Where that cannot be told, because the
 * path does not parse or the value above the field is already text, the value is replaced: better blind than a leak.
 */
export function redactDifference(value: unknown, path: string, paths: readonly FieldPath[]): unknown {
  if (paths.length === 0 || value === undefined || path === STATUS_PATH) return value
  const steps = parseFieldPath(path)
  if (steps === null) return REDACTED
  let redacted: unknown = value
  let copied = false
  for (const redactPath of paths) {
    if (!sameStart(steps, redactPath)) continue
    if (redactPath.length <= steps.length || typeof redacted === 'string') return REDACTED
    if (typeof redacted !== 'object' || redacted === null) continue
    if (!copied) redacted = structuredClone(redacted)
    copied = true
    redacted = redactAt(redacted, redactPath, steps.length)
  }
  return redacted
}

/** Whether the shorter path is a beginning of the longer one. */
function sameStart(steps: readonly string[], path: FieldPath): boolean {
  const shared = Math.min(steps.length, path.length)
  for (let i = 0; i < shared; i++) {
    const step = path[i] as FieldStep
    if (typeof step !== 'object' && steps[i] !== '*' && String(step) !== steps[i]) return false
  }
  return true
}

/** `.name`, `[3]`, `[*]`, and quoted names: `["any text"]` as in JSON, `['any text']` with `\'` and `\\`. */
const STEP = /\.([^.[\]]+)|\[(\d+|\*)\]|\[("(?:[^"\\]|\\.)*")\]|\['((?:[^'\\]|\\.)*)'\]/y

/** null: not a path. */
function parseFieldPath(text: string): string[] | null {
  if (!text.startsWith('$')) return null
  const steps: string[] = []
  STEP.lastIndex = 1
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text)
    if (match === null) return null
    const [, name, index, doubleQuoted, singleQuoted] = match
    const step = name ?? index ?? singleQuoted?.replaceAll(/\\(.)/g, '$1') ?? unquote(doubleQuoted ?? '')
    if (step === null) return null
    steps.push(step)
  }
  return steps
}

function unquote(json: string): string | null {
  try {
    return JSON.parse(json) as string
  } catch {
    return null
  }
}
