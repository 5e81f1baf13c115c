import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyMergePatch, readMergePatch } from '../../src/dataplane/shadow/merge-patch.ts'

/** JSON text as somebody may write it: with spaces, names twice, escapes where none are needed. */
type Text = { readonly text: string }

// Few names, so that patches hit, and names stand there twice.
const name = fc.constantFrom('a', 'b', 'model', '', 'a"b', 'é', '\u2028', '__proto__', 'toString')
const space = fc.constantFrom('', '', ' ', '\n', '\t\r ')
const scalar = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '0', '-0', '1.0', '1E2', '12345678901234567890', '0.1e-7'),
  fc.string({ unit: 'binary' }).map(text => JSON.stringify(text)),
)

/**
 * Names of one character are not escaped, and none has to be: once it has seen certain other objects, JSON.parse of Node 24.21
 * takes such a name for a backslash (seeds 1028281491, -1205750361), and it is what the results are read with here.
 */
function quoted(text: string, escapes: boolean): string {
  if (!escapes || text.length === 1) return JSON.stringify(text)
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i).toString(16).padStart(4, '0'))
  return `"${units.map(unit => `\\u${unit}`).join('')}"`
}

const { value } = fc.letrec<{ value: Text; list: Text; object: Text; leaf: Text }>(tie => ({
  leaf: fc.tuple(space, scalar, space).map(parts => ({ text: parts.join('') })),
  list: fc.tuple(space, fc.array(tie('value'), { maxLength: 3 }), space).map(([before, items, behind]) => ({
    text: `${before}[${items.length === 0 ? before : items.map(({ text }) => text).join(',')}]${behind}`,
  })),
  object: fc
    .tuple(space, fc.array(fc.tuple(space, name, fc.boolean(), space, tie('value')), { maxLength: 4 }), space)
    .map(([before, members, behind]) => {
      const texts = members.map(([a, key, escapes, b, { text }]) => `${a}${quoted(key, escapes)}${b}:${text}`)
      return { text: `${before}{${texts.length === 0 ? before : texts.join(',')}}${behind}` }
    }),
  value: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('list'), { arbitrary: tie('object'), weight: 4 }),
}))

const { patch } = fc.letrec<{ patch: object; inner: unknown }>(tie => ({
  patch: fc.dictionary(name, tie('inner'), { maxKeys: 4, noNullPrototype: true }),
  inner: fc.oneof({ maxDepth: 3 }, fc.constant(null), fc.jsonValue({ maxDepth: 1 }), tie('patch')),
}))

/** The pseudocode of RFC 7386, section 2, on values. */
function mergePatch(target: unknown, change: unknown): unknown {
  if (!isObject(change)) return change
  const result = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [key, inner] of Object.entries(change)) {
    if (inner === null) result.delete(key)
    else result.set(key, mergePatch(result.get(key), inner))
  }
  return Object.fromEntries(result)
}

function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** JSON.parse keeps `__proto__` as a field of its own, which toEqual looks past: entries are compared instead. */
function entriesOf(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(entriesOf)
  if (!isObject(json)) return json
  return new Map(Object.entries(json).map(([key, inner]) => [key, entriesOf(inner)]))
}

function patchedText(text: string, change: object): string | null {
  return (
    applyMergePatch(Buffer.from(text), readMergePatch(JSON.stringify(change)))
      ?.whole()
      .toString() ?? null
  )
}

describe('a merge patch on text', () => {
  test('makes of any JSON, however it is written, what RFC 7386 makes of its value', () => {
    fc.assert(
      fc.property(value, patch, ({ text }, change) => {
        const result = patchedText(text, change)
        expect(result).not.toBeNull()
        const expected = mergePatch(JSON.parse(text), JSON.parse(JSON.stringify(change)))
        expect(entriesOf(JSON.parse(result ?? ''))).toEqual(entriesOf(expected))
      }),
      { numRuns: 3_000 },
    )
  })

  test('changes no byte of what it does not name', () => {
    fc.assert(
      fc.property(value, ({ text }) => {
        const body = `{"kept":${text},"model":1 }`
        expect(patchedText(body, { model: 2 })).toBe(`{"kept":${text},"model":2 }`)
        // The spaces before a comma go with it.
        expect(patchedText(body, { model: null })).toBe(`{"kept":${text.trimEnd()} }`)
        expect(patchedText(body, { added: 3 })).toBe(`{"kept":${text},"model":1,"added":3 }`)
      }),
    )
  })

  test('takes exactly what JSON.parse takes', () => {
    const broken = fc.tuple(
      value,
      fc.nat(),
      fc.nat(3),
      fc.constantFrom('', ',', '"', '}', ']', '\\', '0', 'e', ' ', '\t'),
    )
    fc.assert(
      fc.property(broken, ([{ text }, at, removed, inserted]) => {
        const start = at % (text.length + 1)
        const changed = text.slice(0, start) + inserted + text.slice(start + removed)
        // Half of a character: Buffer.from would repair it.
        fc.pre(changed.isWellFormed())
        expect(patchedText(changed, { model: 1 }) !== null).toBe(isJson(changed))
      }),
      { numRuns: 3_000 },
    )
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
