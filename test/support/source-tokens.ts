export interface Token {
  /** `word` is a name, keyword or number. A template's text has `*` where an expression stood. */
  readonly kind: 'word' | 'mark' | 'string' | 'template' | 'regex'
  readonly text: string
  /** 1 for the first line. */
  readonly line: number
}

/** After these a `/` starts a regular expression; after any other word it divides. */
const BEFORE_REGEX = new Set(['return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'throw', 'await', 'yield'])

/**
 * The tokens of TypeScript source, comments left out: enough to find imports, and no more of a parser than that.
 * The expressions inside templates come as tokens before their template, so an import there is seen too.
 * Throws on a string, template, comment or regular expression without end.
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  scan(source, 0, tokens, false)
  return tokens
}

/** Scans from `start` to the end, or to the `}` that closes a template's expression; returns where it stopped. */
function scan(source: string, start: number, tokens: Token[], insideTemplate: boolean): number {
  let depth = 0
  let at = start
  while (at < source.length) {
    const char = source[at] as string
    const next = source[at + 1]
    if (/\s/.test(char)) at++
    else if (char === '/' && next === '/') at = ending(source, at, '\n', 0)
    else if (char === '/' && next === '*') at = ending(source, at + 2, '*/', 2)
    else if (char === '"' || char === "'") at = scanString(source, at, tokens)
    else if (char === '`') at = scanTemplate(source, at, tokens)
    else if (char === '/' && startsRegex(tokens.at(-1))) at = scanRegex(source, at, tokens)
    else if (/[\w$#\u0080-\uffff]/.test(char)) at = scanWord(source, at, tokens)
    else {
      if (char === '{') depth++
      if (char === '}' && insideTemplate && depth-- === 0) return at
      tokens.push({ kind: 'mark', text: char, line: lineAt(source, at) })
      at++
    }
  }
  if (insideTemplate) throw unclosed(source, start, 'template expression')
  return at
}

function scanWord(source: string, start: number, tokens: Token[]): number {
  let at = start
  while (at < source.length && /[\w$#\u0080-\uffff]/.test(source[at] as string)) at++
  tokens.push({ kind: 'word', text: source.slice(start, at), line: lineAt(source, start) })
  return at
}

function scanString(source: string, start: number, tokens: Token[]): number {
  const quote = source[start]
  let text = ''
  for (let at = start + 1; at < source.length && source[at] !== '\n'; at++) {
    if (source[at] === quote) {
      tokens.push({ kind: 'string', text, line: lineAt(source, start) })
      return at + 1
    }
    if (source[at] === '\\') at++
    text += source[at]
  }
  throw unclosed(source, start, 'string')
}

function scanTemplate(source: string, start: number, tokens: Token[]): number {
  let text = ''
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '`') {
      tokens.push({ kind: 'template', text, line: lineAt(source, start) })
      return at + 1
    }
    if (source[at] === '$' && source[at + 1] === '{') {
      at = scan(source, at + 2, tokens, true)
      text += '*'
    } else {
      if (source[at] === '\\') at++
      text += source[at]
    }
  }
  throw unclosed(source, start, 'template')
}

function scanRegex(source: string, start: number, tokens: Token[]): number {
  let inClass = false
  for (let at = start + 1; at < source.length && source[at] !== '\n'; at++) {
    const char = source[at]
    if (char === '\\') at++
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) {
      while (/[a-z]/.test(source[at + 1] ?? '')) at++
      tokens.push({ kind: 'regex', text: source.slice(start, at + 1), line: lineAt(source, start) })
      return at + 1
    }
  }
  throw unclosed(source, start, 'regular expression')
}

function startsRegex(before: Token | undefined): boolean {
  if (before === undefined) return true
  if (before.kind === 'word') return BEFORE_REGEX.has(before.text)
  return before.kind === 'mark' && !')]}'.includes(before.text)
}

/** Where the text after `end` starts; a line comment may end with the file. */
function ending(source: string, from: number, end: string, skip: number): number {
  const at = source.indexOf(end, from)
  if (at === -1 && skip > 0) throw unclosed(source, from, 'comment')
  return at === -1 ? source.length : at + skip
}

function unclosed(source: string, at: number, what: string): Error {
  return new Error(`line ${lineAt(source, at)}: a ${what} without end`)
}

function lineAt(source: string, at: number): number {
  let line = 1
  for (let i = source.indexOf('\n'); i !== -1 && i < at; i = source.indexOf('\n', i + 1)) line++
  return line
}
