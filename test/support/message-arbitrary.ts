import * as fc from 'fast-check'

/** What requests and answers are made of (latin1), valid unless it says otherwise. */

const FRAMING = /^(?:content-length|transfer-encoding|connection|upgrade|proxy-connection)$/i
const octet = fc
  .oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    { weight: 1, arbitrary: fc.constantFrom(0x09, 0x80, 0x85, 0xa0, 0xe9, 0xff) },
  )
  .map(code => String.fromCharCode(code))
const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: octet, maxLength })
export const value = text(30).map(each => each.replace(/^[ \t]+|[ \t]+$/g, ''))
const token = fc.string({
  unit: fc.constantFrom(..."abxyzABZ019!#$%&'*+-.^_`|~".split('')),
  minLength: 1,
  maxLength: 17,
})
export const name = fc.oneof(
  token.filter(each => !FRAMING.test(each)),
  fc.constantFrom('Set-Cookie', 'set-cookie', 'Content-Type', 'content-type', 'X-A', 'ce-id', 'Trailer', 'Vary'),
)
const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 })
/** Name, blanks, value, blanks. */
export const fieldList = (
  maxLength: number,
  names: fc.Arbitrary<string> = name,
): fc.Arbitrary<readonly (readonly [string, string, string, string])[]> =>
  fc.array(fc.tuple(names, blanks, value, blanks), { maxLength })

const body = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
    fc.constantFrom('\r\n', '0\r\n\r\n', 'HTTP/1.1 200 OK\r\n'),
  ),
  maxLength: 60,
})
export const chunk = fc.record({
  data: body.filter(each => each !== ''),
  zeros: fc.constantFrom('', '0', '000'),
  upper: fc.boolean(),
  extension: fc.oneof(
    fc.constant(''),
    text(12).map(each => `;${each}`),
    fc.constant(';a="b;c"'),
  ),
})

/** A chunk as it is sent. */
export function pieceOf({ data, zeros, upper, extension }: Chunk): string {
  const size = data.length.toString(16)
  return `${zeros}${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`
}

export interface Chunk {
  readonly data: string
  readonly zeros: string
  readonly upper: boolean
  readonly extension: string
}

/** Field lines with the blanks around their values. */
export const fieldText = (fields: readonly (readonly string[])[]): string =>
  fields.map(([each, before, what, behind]) => `${each}:${before}${what}${behind}\r\n`).join('')
/** The same as a parser finds them. */
export const flatFields = (fields: readonly (readonly string[])[]): string[] =>
  fields.flatMap(([each, , what]) => [each as string, what as string])

/** Where to cut: the positions are taken modulo the length. */
export const cuts = fc.array(fc.nat(2_000), { maxLength: 12 })

export function cutAt(bytes: string, positions: readonly number[]): string[] {
  const sorted = [...new Set([0, ...positions.map(each => each % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  )
  return sorted.slice(1).map((end, i) => bytes.slice(sorted[i], end))
}

interface Mutation {
  readonly at: number
  readonly removed: number
  readonly put: string
  readonly atLineEnd: boolean
}

/** One to three mistakes; `snippets`: what may be put in. */
export const mutations = (snippets: readonly string[]): fc.Arbitrary<readonly Mutation[]> =>
  fc.array(
    fc.record({
      at: fc.nat(2_000),
      removed: fc.constantFrom(0, 0, 1, 1, 2, 5),
      put: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('', ...snippets) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)) },
      ),
      /** Where the structure is: at the line end behind the position. */
      atLineEnd: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  )

/** The bytes with these mistakes in them. */
export function broken(bytes: string, mistakes: readonly Mutation[]): string {
  let result = bytes
  for (const { at, removed, put, atLineEnd } of mistakes) {
    const position = at % (result.length + 1)
    const lineEnd = result.indexOf('\r\n', position)
    const from = atLineEnd && lineEnd !== -1 ? lineEnd : position
    result = result.slice(0, from) + put + result.slice(from + removed)
  }
  return result
}
