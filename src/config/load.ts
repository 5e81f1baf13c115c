import { readFileSync } from 'node:fs'
import { compile } from './compile.ts'
import { parseRoutingDocument, problemAtPath, type RoutingDocument } from './document.ts'
import { expandDocument } from './expand.ts'
import { reportIssues } from './issues.ts'
import { ConfigError, type ConfigProblem, type KeyPath, type Report } from './problems.ts'
import { describeReadError } from './read-error.ts'
import { routingFile } from './schema.ts'
import type { Snapshot } from './snapshot.ts'

export interface LoadOptions {
  /** Becomes `Snapshot.revision`. */
  readonly revision: number
  readonly env: NodeJS.ProcessEnv
  /** CPU cores that `threads: auto` may count on. */
  readonly cores: number
}

/**
 * Reads, checks and compiles a routing file, with the certificates and secrets it names.
 * @throws ConfigError with every problem of the first step that found one: syntax, variables, schema, cross-checks.
 */
export function loadSnapshot(file: string, options: LoadOptions): Snapshot {
  const { document, problems } = parseRoutingDocument(file, readText(file))
  throwIfAny(problems)
  const expanded = expandDocument(document, options.env)
  throwIfAny(expanded.problems)
  const found: ConfigProblem[] = []
  const report = reporter(document, found, expanded.secrets)
  const value = toPlainValue(document, report)
  if (value === null) report([], 'the file is empty', 'start with listen, upstreams and routes')
  throwIfAny(found)
  const parsed = routingFile.safeParse(value)
  if (!parsed.success) reportIssues(parsed.error.issues, report)
  throwIfAny(found)
  const snapshot = compile(parsed.data as NonNullable<typeof parsed.data>, {
    source: file,
    ...options,
    report,
    filesRead: expanded.filesRead,
  })
  throwIfAny(found)
  return snapshot
}

/** Where the value at a key stands, for messages about something that only showed when it was used. */
export function locateKey(file: string, path: KeyPath): { line: number; column: number } {
  const { document } = parseRoutingDocument(file, readText(file))
  return problemAtPath(document, path, '', null)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const message = `the routing file ${describeReadError(error)}`
    throw new ConfigError([{ file, line: 0, column: 0, path: '', message, hint: 'name it with -c FILE' }])
  }
}

/** Aliases are followed here; a few nested ones could otherwise grow into gigabytes. */
function toPlainValue(document: RoutingDocument, report: Report): unknown {
  try {
    return document.yaml.toJS({ maxAliasCount: 100 })
  } catch {
    report([], 'the YAML repeats aliases too often', 'write the repeated blocks out')
    return undefined
  }
}

function throwIfAny(problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw new ConfigError(problems)
}

/** Messages name what users named, such as upstreams; should that ever be the content of a !file, it is masked. */
function reporter(document: RoutingDocument, found: ConfigProblem[], secrets: readonly string[]): Report {
  const mask = (text: string) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '[secret]'), text)
  return (path, message, hint, at) =>
    found.push(problemAtPath(document, path, mask(message), hint === null ? null : mask(hint), at))
}
