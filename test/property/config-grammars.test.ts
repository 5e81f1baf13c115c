import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatFieldPath, parseFieldPath } from '../../src/config/field-path.ts'
import { formatKeySource, parseKeySource } from '../../src/config/key-source.ts'
import { ANY_CHILD, type FieldStep, type KeySource } from '../../src/config/snapshot.ts'
import {
  formatAddress,
  formatDuration,
  formatSize,
  parseAddress,
  parseDuration,
  parseSize,
} from '../../src/config/units.ts'

describe('units', () => {
  test('a formatted duration reads back as the same milliseconds', () => {
    const wholeUnits = fc
      .tuple(fc.nat(1_000), fc.constantFrom(1, 1_000, 60_000, 3_600_000))
      .map(([n, unit]) => n * unit)
    fc.assert(fc.property(fc.oneof(fc.nat(), wholeUnits), ms => parseDuration(formatDuration(ms)) === ms))
  })

  test('a formatted size reads back as the same bytes', () => {
    const wholeUnits = fc
      .tuple(fc.nat(4_096), fc.constantFrom(1, 2 ** 10, 2 ** 20, 2 ** 30))
      .map(([n, unit]) => n * unit)
    fc.assert(fc.property(fc.oneof(fc.nat(), wholeUnits), bytes => parseSize(formatSize(bytes)) === bytes))
  })

  test('no text is both, and numbers alone are only a size', () => {
    fc.assert(fc.property(fc.nat(), n => parseDuration(String(n)) === null && parseSize(String(n)) === n))
    fc.assert(fc.property(fc.string(), text => parseDuration(text) === null || parseSize(text) === null))
  })

  test.each([
    ['250ms', 250],
    ['2s', 2_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['24h', 86_400_000],
  ])('%s is %i milliseconds', (text, ms) => expect(parseDuration(text)).toBe(ms))

  test.each([
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['2GiB', 2_147_483_648],
    ['17', 17],
  ])('%s is %i bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes))

  test.each(['', '1', '-1s', '1.5s', '1 s', '1S', '1d', 's'])('%j is no duration', text =>
    expect(parseDuration(text)).toBeNull(),
  )
  test.each(['', '-1', '1.5MiB', '1 KiB', '1KB', '1kib', 'KiB'])('%j is no size', text =>
    expect(parseSize(text)).toBeNull(),
  )

  test('a formatted address reads back as the same host and port', () => {
    const host = fc.oneof(fc.ipV4(), fc.constantFrom('::1', 'fe80::1', '::', 'localhost', 'a.b-c.example'))
    fc.assert(
      fc.property(host, fc.nat(65_535), (host, port) => {
        expect(parseAddress(formatAddress({ host, port }))).toEqual({ host, port })
      }),
    )
  })

  test.each(['8080', ':8080', 'a:65536', 'a:', '::1:80', 'a b:1', 'http://a:1'])('%j is no address', text =>
    expect(parseAddress(text)).toBeNull(),
  )
})

describe('field paths', () => {
  const step: fc.Arbitrary<FieldStep> = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.string({ minLength: 1, unit: 'grapheme' }),
    fc.nat(999_999_999),
    fc.constant(ANY_CHILD),
  )

  test('a formatted path reads back as the same steps, however odd its names', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), path => {
        expect(parseFieldPath(formatFieldPath(path))).toEqual(path)
      }),
      { numRuns: 1_000 },
    )
  })

  test('a text that is a path formats to an equivalent one', () => {
    const text = fc
      .array(fc.constantFrom('$', '.', 'a', 'b1', '*', '[', ']', '0', "'", '\\', ' '))
      .map(parts => `$${parts.join('')}`)
    fc.assert(
      fc.property(text, text => {
        const path = parseFieldPath(text)
        if (path !== null) expect(parseFieldPath(formatFieldPath(path))).toEqual(path)
      }),
      { numRuns: 5_000 },
    )
  })

  test.each([
    ['$', []],
    ['$.a.b[0]', ['a', 'b', 0]],
    ['$.a[*].*', ['a', ANY_CHILD, ANY_CHILD]],
    ["$['odd name'].x-y", ['odd name', 'x-y']],
    [String.raw`$['it\'s']`, ["it's"]],
  ])('%s', (text, path) => expect(parseFieldPath(text)).toEqual(path))

  test.each(['', 'a', '.a', '$a', '$.', '$..a', '$[a]', '$[-1]', '$[?(@.x)]', "$['']", "$['a]", '$.a ', '$[0'])(
    '%j is no path',
    text => expect(parseFieldPath(text)).toBeNull(),
  )
})

describe('key sources', () => {
  test('a formatted source reads back as the same source', () => {
    const name = fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]+$/)
    const source: fc.Arbitrary<KeySource> = fc.oneof(
      fc.constantFrom<KeySource>({ kind: 'request' }, { kind: 'address' }),
      fc.record({ kind: fc.constantFrom('header' as const, 'cookie' as const), name }),
      fc.record({ kind: fc.constant('query' as const), name: fc.string({ minLength: 1 }) }),
    )
    fc.assert(
      fc.property(source, source => {
        expect(parseKeySource(formatKeySource(source))).toEqual(source)
      }),
    )
  })

  test('header names are lower-cased, cookie names are not', () => {
    expect(parseKeySource('header:X-User')).toEqual({ kind: 'header', name: 'x-user' })
    expect(parseKeySource('cookie:SID')).toEqual({ kind: 'cookie', name: 'SID' })
  })

  test.each(['', 'header', 'header:', 'cookie:a b', 'query:', 'json:user', 'json:$.a[*]', 'Address'])(
    '%j is no source',
    text => expect(parseKeySource(text)).toBeNull(),
  )
})
