import { ANY_CHILD, type FieldPath, type FieldStep } from './snapshot.ts'

/**
 * Paths into a JSON answer, in a grammar small enough to be safe and fast: `$`, then any of `.name`, `[0]`, `['odd name']`
 * (with `\'` and `\\`), and `[*]` or `.*` for every child. No filters, no recursion, no scripts.
 */
const STEP = /\.(\*|[A-Za-z_][\w-]*)|\[(\*|\d{1,9})\]|\['((?:[^'\\]|\\['\\])+)'\]/y

const PLAIN_NAME = /^[A-Za-z_][\w-]*$/

/** null when the text is not a path of this grammar. */
export function parseFieldPath(text: string): FieldPath | null {
  if (!text.startsWith('$')) return null
  const steps: FieldStep[] = []
  let at = 1
  while (at < text.length) {
    STEP.lastIndex = at
    const match = STEP.exec(text)
    if (match === null) return null
    steps.push(stepOf(match))
    at = STEP.lastIndex
  }
  return steps
}

function stepOf(match: RegExpExecArray): FieldStep {
  const [, name, index, quoted] = match
  if (quoted !== undefined) return quoted.replaceAll(/\\(['\\])/g, '$1')
  if (name === '*' || index === '*') return ANY_CHILD
  return name ?? Number(index)
}

/** The text that `parseFieldPath` reads back to the same path. */
export function formatFieldPath(path: FieldPath): string {
  return `$${path.map(formatStep).join('')}`
}

function formatStep(step: FieldStep): string {
  if (typeof step === 'number') return `[${step}]`
  if (typeof step === 'object') return '[*]'
  return PLAIN_NAME.test(step) ? `.${step}` : `['${step.replaceAll(/['\\]/g, String.raw`\$&`)}']`
}
