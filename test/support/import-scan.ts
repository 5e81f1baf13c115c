import { tokenize, type Token } from './source-tokens.ts'

export interface FoundImport {
  readonly line: number
  /** `url`: the file of `new URL('…', import.meta.url)`. `re-export`: `export … from`. */
  readonly kind: 'static' | 're-export' | 'dynamic' | 'url'
  /** Only types: nothing is loaded. */
  readonly typeOnly: boolean
  /** As written; `*` where a template has an expression; null when it is no literal at all. */
  readonly specifier: string | null
}

export interface ScannedFile {
  readonly imports: readonly FoundImport[]
  /** Lines of default exports. */
  readonly defaultExports: readonly number[]
  /** Nothing but imports and exports of other files' names. */
  readonly isBarrel: boolean
}

/** Finds everything by which a source file names another file or a package. */
export function scanFile(source: string): ScannedFile {
  return new Scan(tokenize(source)).run()
}

class Scan {
  readonly #tokens: readonly Token[]
  readonly #imports: FoundImport[] = []
  readonly #defaultExports: number[] = []
  #exportLists = 0
  #otherTokens = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  run(): ScannedFile {
    let at = 0
    while (at < this.#tokens.length) at = this.#step(at)
    const isBarrel = this.#exportLists > 0 && this.#otherTokens === 0
    return { imports: this.#imports, defaultExports: this.#defaultExports, isBarrel }
  }

  /** Looks at the token here and returns where to go on. */
  #step(at: number): number {
    if (this.#isWord(at, 'import') && !this.#isMark(at - 1, '.')) {
      if (this.#isMark(at + 1, '(')) this.#dynamic(at)
      else if (!this.#isMark(at + 1, '.')) return this.#static(at)
    }
    if (this.#isWord(at, 'export') && !this.#isMark(at - 1, '.')) {
      if (this.#isWord(at + 1, 'default')) this.#defaultExports.push(this.#line(at))
      const end = this.#exportList(at)
      if (end > at) return end
    }
    if (this.#isWord(at, 'new') && this.#isWord(at + 1, 'URL') && this.#isMark(at + 2, '(')) this.#url(at)
    if (!this.#isMark(at, ';')) this.#otherTokens++
    return at + 1
  }

  /** `import 'x'`, `import … from 'x'`: returns the place behind the specifier. */
  #static(at: number): number {
    const typeOnly = this.#isWord(at + 1, 'type') && !this.#isWord(at + 2, 'from') && !this.#isMark(at + 2, ',')
    let end = at + 1
    while (end < this.#tokens.length && this.#tokens[end]?.kind !== 'string') end++
    this.#found(at, 'static', typeOnly || this.#onlyTypesListed(at + 1, end), this.#tokens[end]?.text ?? null)
    return end + 1
  }

  /** `export { … }` and `export *`, with or without `from`: the place behind, or `at` when it exports something own. */
  #exportList(at: number): number {
    const typeOnly = this.#isWord(at + 1, 'type')
    const first = typeOnly ? at + 2 : at + 1
    let end = first
    if (this.#isMark(first, '{')) {
      while (end < this.#tokens.length && !this.#isMark(end, '}')) end++
      if (this.#namesDefault(first, end)) this.#defaultExports.push(this.#line(at))
      end++
    } else if (this.#isMark(first, '*')) {
      end = this.#isWord(first + 1, 'as') ? first + 3 : first + 1
    } else return at
    this.#exportLists++
    if (!this.#isWord(end, 'from')) return end
    const specifier = this.#tokens[end + 1]
    this.#found(at, 're-export', typeOnly || this.#onlyTypesListed(first, end), specifier?.text ?? null)
    return end + 2
  }

  #dynamic(at: number): void {
    const argument = this.#literal(at + 2)
    const alone = this.#isMark(at + 3, ')') || this.#isMark(at + 3, ',')
    this.#found(at, 'dynamic', false, alone ? argument : null)
  }

  /** Every literal of the first argument counts: `new URL(compiled ? './a.js' : './a.ts', import.meta.url)`. */
  #url(at: number): void {
    const comma = this.#commaOf(at + 3)
    const isOurs =
      this.#isWord(comma + 1, 'import') && this.#isWord(comma + 3, 'meta') && this.#isWord(comma + 5, 'url')
    if (!isOurs) return
    const literals: string[] = []
    for (let i = at + 3; i < comma; i++) {
      const text = this.#literal(i)
      if (text !== null) literals.push(text)
    }
    if (literals.length === 0) this.#found(at, 'url', false, null)
    for (const text of literals) this.#found(at, 'url', false, text)
  }

  /** The first comma outside brackets. */
  #commaOf(start: number): number {
    let depth = 0
    for (let at = start; at < this.#tokens.length; at++) {
      const { kind, text } = this.#tokens[at] as Token
      if (kind !== 'mark') continue
      if ('([{'.includes(text)) depth++
      if (')]}'.includes(text) && depth-- === 0) return this.#tokens.length
      if (text === ',' && depth === 0) return at
    }
    return this.#tokens.length
  }

  /** `{ type A, type B }`. An empty list loads the file. */
  #onlyTypesListed(start: number, end: number): boolean {
    if (!this.#isMark(start, '{')) return false
    let names = 0
    for (let at = start; at < end && !this.#isMark(at, '}'); at++) {
      if (!this.#isMark(at, '{') && !this.#isMark(at, ',')) continue
      if (this.#isMark(at + 1, '}')) continue
      if (!this.#isWord(at + 1, 'type') || this.#tokens[at + 2]?.kind !== 'word') return false
      names++
    }
    return names > 0
  }

  /** `{ x as default }`. */
  #namesDefault(start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      if (this.#isWord(at, 'default') && !this.#isWord(at + 1, 'as')) return true
    }
    return false
  }

  #found(at: number, kind: FoundImport['kind'], typeOnly: boolean, specifier: string | null): void {
    this.#imports.push({ line: this.#line(at), kind, typeOnly, specifier })
  }

  #literal(at: number): string | null {
    const token = this.#tokens[at]
    return token?.kind === 'string' || token?.kind === 'template' ? token.text : null
  }

  #line(at: number): number {
    return (this.#tokens[at] as Token).line
  }

  #isWord(at: number, text: string): boolean {
    const token = this.#tokens[at]
    return token?.kind === 'word' && token.text === text
  }

  #isMark(at: number, text: string): boolean {
    const token = this.#tokens[at]
    return token?.kind === 'mark' && token.text === text
  }
}
