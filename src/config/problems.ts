/** One thing that is wrong with a routing file, and where. Values of the file are never part of it: they may be secrets. */
export interface ConfigProblem {
  /** The file's path as the user gave it. */
  readonly file: string
  /** From 1; 0 when the problem has no place in the file (it cannot be read at all). */
  readonly line: number
  readonly column: number
  /** `routes[0].shadows[0].percent`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
  /** What to do about it. */
  readonly hint: string | null
}

/** A routing file that cannot be used, with all its problems in the order of the file. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
    super(sorted.map(formatProblem).join('\n'))
    this.name = 'ConfigError'
    this.problems = sorted
  }

  /** One `file:line:column  path: message` per problem, each followed by its hint on an indented line. */
  format(): string {
    return this.message
  }
}

/** `file:line:column  path: message`, and the hint on a line of its own. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`
  const path = problem.path === '' ? '' : `${problem.path}: `
  const hint = problem.hint === null ? '' : `\n    hint: ${problem.hint}`
  return `${place}  ${path}${problem.message}${hint}`
}

/** Keys and indexes from the top of the file to a value. */
export type KeyPath = readonly (string | number)[]

/** `routes[0].match['x y']`. */
export function formatKeyPath(path: KeyPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[\w-]+$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step)}]`
  }
  return text
}

/** Collects a problem; `at` says whether it points at the key of `path` or (usually) at its value. */
export type Report = (path: KeyPath, message: string, hint: string | null, at?: 'key' | 'value') => void
