import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from 'yaml'
import type { ConfigProblem, KeyPath } from './problems.ts'
import { formatKeyPath } from './problems.ts'

/** A parsed YAML text that still knows where each key and value stands. */
export interface RoutingDocument {
  readonly file: string
  readonly yaml: Document
  readonly lines: LineCounter
}

/** The tag is kept on its node; expand.ts replaces the value. */
const FILE_TAG = { tag: '!file', resolve: (text: string) => text }

export function parseRoutingDocument(
  file: string,
  text: string,
): { document: RoutingDocument; problems: ConfigProblem[] } {
  const lines = new LineCounter()
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2', customTags: [FILE_TAG] })
  const document = { file, yaml, lines }
  // After the first syntax error the parser guesses, and what it says next is mostly about its guesses.
  const syntax = yaml.errors.filter(error => error.code !== 'DUPLICATE_KEY').slice(0, 1)
  const duplicates = yaml.errors.filter(error => error.code === 'DUPLICATE_KEY')
  const told = syntax.length > 0 ? syntax : [...duplicates, ...yaml.warnings]
  return { document, problems: told.map(error => syntaxProblem(document, error)) }
}

function syntaxProblem(document: RoutingDocument, error: YAMLError): ConfigProblem {
  const offset = error.pos[0]
  if (error.code === 'DUPLICATE_KEY') {
    const path = pathOfKeyAt(document.yaml.contents, offset, []) ?? []
    return problemAt(document, offset, path, 'this key appears twice in its block', 'remove one of the two')
  }
  if (error.code === 'TAG_RESOLVE_FAILED') {
    return problemAt(
      document,
      offset,
      [],
      'this YAML tag is not known',
      'the only tag is !file, as in token: !file admin.token',
    )
  }
  // Whatever follows the first colon of the parser's message may quote the file.
  const what = error.message.split(': ')[0] as string
  return problemAt(document, offset, [], `the YAML is broken: ${what}`, SYNTAX_HINTS[error.code] ?? null)
}

const SYNTAX_HINTS: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'keys of one block start in the same column; brackets are closed before the block ends',
  MULTIPLE_DOCS: 'a routing file is one YAML document; remove the lines with ---',
  BLOCK_AS_IMPLICIT_KEY: 'quote a value that contains ": "',
  MISSING_CHAR: 'a quote, bracket or comma is missing here or just before, or the line is indented unlike its block',
  BAD_SCALAR_START: 'quote values that start with a special character',
}

function problemAt(
  document: RoutingDocument,
  offset: number,
  path: KeyPath,
  message: string,
  hint: string | null,
): ConfigProblem {
  const { line, col } = document.lines.linePos(offset)
  return { file: document.file, line, column: col, path: formatKeyPath(path), message, hint }
}

/** A problem with the value (or the key) at `path`; where that is missing, at the deepest block that is there. */
export function problemAtPath(
  document: RoutingDocument,
  path: KeyPath,
  message: string,
  hint: string | null,
  at: 'key' | 'value' = 'value',
): ConfigProblem {
  return problemAt(document, offsetOf(document.yaml, path, at), path, message, hint)
}

function offsetOf(yaml: Document, path: KeyPath, at: 'key' | 'value'): number {
  let node: Node | null = yaml.contents
  let offset = startOf(node) ?? 0
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(yaml) ?? null
    const child = childOf(node, step)
    if (child === null) return offset
    const wantsKey = at === 'key' && depth === path.length - 1
    offset = (wantsKey ? startOf(child.key) : startOf(child.value)) ?? startOf(child.key) ?? offset
    node = child.value
  }
  return offset
}

function childOf(node: Node | null, step: string | number): { key: Node | null; value: Node | null } | null {
  if (isSeq(node)) {
    const item = node.items[Number(step)]
    return item === undefined ? null : { key: null, value: item as Node }
  }
  if (!isMap(node)) return null
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
  return pair === undefined ? null : { key: pair.key as Node, value: pair.value as Node | null }
}

function startOf(node: Node | null): number | undefined {
  return node?.range?.[0]
}

/** The path of the key that starts at `offset`. */
function pathOfKeyAt(node: Node | null, offset: number, path: KeyPath): KeyPath | null {
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const found = pathOfKeyAt(item as Node, offset, [...path, index])
      if (found !== null) return found
    }
  }
  if (!isMap(node)) return null
  for (const pair of node.items) {
    const key = pair.key as Node | null
    const keyPath = [...path, isScalar(key) ? String(key.value) : '?']
    if (startOf(key) === offset) return keyPath
    const found = pathOfKeyAt(pair.value as Node | null, offset, keyPath)
    if (found !== null) return found
  }
  return null
}
