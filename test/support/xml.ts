/** An element with its attributes and children, entities resolved; texts are strings. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly (XmlElement | string)[]
}

const NAME = /[A-Za-z][\w:.-]*/y
const ATTRIBUTE = /\s+([A-Za-z][\w:.-]*)="([^"<]*)"/y
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

/**
 * Reads the XML that reports are made of: one root element behind an optional `<!DOCTYPE html>`, no comments, no CDATA.
 * Throws a SyntaxError with the place of the first thing that is not well-formed.
 */
export function parseXml(text: string): XmlElement {
  const reader = new XmlReader(text.replace(/^<!DOCTYPE html>/, doctype => ' '.repeat(doctype.length)))
  return reader.document()
}

class XmlReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): XmlElement {
    this.#spaces()
    const root = this.#element()
    this.#spaces()
    if (this.#at < this.#text.length) this.#fail('something behind the root element')
    return root
  }

  #element(): XmlElement {
    this.#expect('<')
    const name = this.#match(NAME)?.[0] ?? this.#fail('no element name')
    const attributes: Record<string, string> = {}
    for (let found = this.#match(ATTRIBUTE); found !== null; found = this.#match(ATTRIBUTE)) {
      const [, key = '', value = ''] = found
      if (Object.hasOwn(attributes, key)) this.#fail(`the attribute ${key} twice`)
      attributes[key] = this.#resolved(value)
    }
    this.#spaces()
    if (this.#take('/>')) return { name, attributes, children: [] }
    this.#expect('>')
    const children: (XmlElement | string)[] = []
    while (!this.#take('</')) {
      children.push(this.#text[this.#at] === '<' ? this.#element() : this.#characters())
    }
    this.#expect(name)
    this.#expect('>')
    return { name, attributes, children }
  }

  #characters(): string {
    const end = this.#text.indexOf('<', this.#at)
    if (end === -1) this.#fail('an element that does not end')
    const raw = this.#text.slice(this.#at, end)
    this.#at = end
    return this.#resolved(raw)
  }

  #resolved(raw: string): string {
    if (/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(raw)) {
      this.#fail('a character that XML does not have')
    }
    return raw.replace(/&([^;&\s]*;?)/g, (whole, name: string) => {
      const character = name.endsWith(';') ? ENTITIES[name.slice(0, -1)] : undefined
      return character ?? this.#fail(`${whole} is no entity`)
    })
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found !== null) this.#at = pattern.lastIndex
    return found
  }

  #take(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false
    this.#at += literal.length
    return true
  }

  #expect(literal: string): void {
    if (!this.#take(literal)) this.#fail(`${literal} expected`)
  }

  #spaces(): void {
    this.#match(/\s*/y)
  }

  #fail(what: string): never {
    throw new SyntaxError(`${what} at ${this.#at}: ${JSON.stringify(this.#text.slice(this.#at, this.#at + 40))}`)
  }
}

/** The element and everything in it, in document order. */
export function elementsOf(root: XmlElement): XmlElement[] {
  return [root, ...root.children.flatMap(child => (typeof child === 'string' ? [] : elementsOf(child)))]
}

export function elementsNamed(root: XmlElement, name: string): XmlElement[] {
  return elementsOf(root).filter(element => element.name === name)
}

/** All text in it. */
export function textOf(element: XmlElement): string {
  return element.children.map(child => (typeof child === 'string' ? child : textOf(child))).join('')
}
