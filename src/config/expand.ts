import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isMap, isPair, isScalar, isSeq, visit, type Node, type Pair, type Document } from 'yaml'
import { problemAtPath, type RoutingDocument } from './document.ts'
import type { ConfigProblem, KeyPath } from './problems.ts'
import { describeReadError } from './read-error.ts'

/** `$${` (a literal `${`), `${NAME}`, `${NAME:-default}`, or a `${` that is none of these. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g

/**
 * Replaces `${NAME}` in string values by the environment and `!file path` by the content of that file, in place: after
 * parsing, so that no value can change the structure and every node keeps its position.
 * @returns the problems, the files, and their contents, which must not be shown to anyone.
 */
export function expandDocument(
  document: RoutingDocument,
  env: NodeJS.ProcessEnv,
): { problems: ConfigProblem[]; secrets: string[]; filesRead: Set<string> } {
  const problems: ConfigProblem[] = []
  const secrets: string[] = []
  const filesRead = new Set<string>()
  visit(document.yaml, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string') return
      const report = (message: string, hint: string) =>
        problems.push(problemAtPath(document, pathOf(ancestors, node), message, hint))
      node.value = expandText(node.value, env, report)
      if (node.tag !== '!file') return
      filesRead.add(resolve(dirname(resolve(document.file)), node.value as string))
      const secret = readSecret(document.file, node.value as string, report)
      node.value = secret
      if (secret !== '') secrets.push(secret)
    },
  })
  return { problems, secrets, filesRead }
}

type TextReport = (message: string, hint: string) => void

function expandText(text: string, env: NodeJS.ProcessEnv, report: TextReport): string {
  return text.replaceAll(REFERENCE, (reference, name: string | undefined, preset: string | undefined) => {
    if (reference === '$${') return '${'
    if (name === undefined) {
      report('has a ${ that is not a variable', 'write ${NAME} or ${NAME:-default}; $${ stands for a plain ${')
      return reference
    }
    // As in a shell, `:-` also covers a variable that is set but empty.
    const value = preset !== undefined && env[name] === '' ? preset : (env[name] ?? preset)
    if (value !== undefined) return value
    report(`the environment variable ${name} is not set`, `set ${name}, or give it a default: \${${name}:-default}`)
    return reference
  })
}

function readSecret(file: string, path: string, report: TextReport): string {
  const directory = dirname(resolve(file))
  try {
    const secret = readFileSync(resolve(directory, path), 'utf8').replace(/\r?\n$/, '')
    if (secret === '') report('the file of !file is empty', 'write the secret into it')
    return secret
  } catch (error) {
    report(`the file of !file ${describeReadError(error)}`, `the path is relative to the routing file, in ${directory}`)
    return ''
  }
}

function pathOf(ancestors: readonly (Document | Node | Pair)[], leaf: Node): KeyPath {
  const path: (string | number)[] = []
  for (const [i, ancestor] of ancestors.entries()) {
    const child = ancestors[i + 1] ?? leaf
    if (isSeq(ancestor)) path.push(ancestor.items.indexOf(child))
    else if (isMap(ancestor) && isPair(child)) path.push(isScalar(child.key) ? String(child.key.value) : '?')
  }
  return path
}
