import { describe, expect, test } from 'vitest'
import { scanFile, type FoundImport } from '../../support/import-scan.ts'

const found = (source: string): readonly FoundImport[] => scanFile(source).imports
const specifiers = (source: string): (string | null)[] => found(source).map(each => each.specifier)

describe('imports are found', () => {
  test.each([
    [`import './a.ts'`, 'static', false],
    [`import { a } from './a.ts'`, 'static', false],
    [`import a, { b as c } from "./a.ts"`, 'static', false],
    [`import * as a from './a.ts'`, 'static', false],
    [`import { type A, b } from './a.ts'`, 'static', false],
    [`import {} from './a.ts'`, 'static', false],
    [`import type from './a.ts'`, 'static', false],
    [`import type { A } from './a.ts'`, 'static', true],
    [`import { type A, type B, } from './a.ts'`, 'static', true],
    [`import {\n  a, // comment\n  b,\n} from './a.ts'`, 'static', false],
    [`import a from './a.ts' with { type: 'json' }`, 'static', false],
    [`export { a } from './a.ts'`, 're-export', false],
    [`export * from './a.ts'`, 're-export', false],
    [`export * as a from './a.ts'`, 're-export', false],
    [`export type { A } from './a.ts'`, 're-export', true],
    [`const a = await import('./a.ts')`, 'dynamic', false],
    ['const a = () => import(`./a.ts`)', 'dynamic', false],
    [`let a: import('./a.ts').A`, 'dynamic', false],
    ['const text = `${await import("./a.ts")} and ${"}"}`', 'dynamic', false],
    [`new Worker(new URL('./a.ts', import.meta.url))`, 'url', false],
    [`const file = /['"\`]/.test(x) ? 1 : 2 / 3 / 4; import('./a.ts')`, 'dynamic', false],
    [`const half = a / b; const text = 'it\\'s'; import './a.ts'`, 'static', false],
  ])('%s', (source, kind, typeOnly) => {
    expect(found(source)).toEqual([{ line: expect.any(Number) as number, kind, typeOnly, specifier: './a.ts' }])
  })

  test('with their lines', () => {
    const source = `// one\nimport a from 'a'\n\n/* three\n */ import b from 'b'\nexport const c = \`\n\`\nimport('c')\n`
    expect(found(source).map(each => [each.line, each.specifier])).toEqual([
      [2, 'a'],
      [5, 'b'],
      [8, 'c'],
    ])
  })

  test('with every alternative of a URL, and a star for what is computed', () => {
    const source =
      "new URL(built ? './a.js' : './a.ts', import.meta.url); new URL(`../x/worker.${end()}`, import.meta.url)"
    expect(specifiers(source)).toEqual(['./a.js', './a.ts', '../x/worker.*'])
  })

  test('as null when no literal names the file', () => {
    expect(specifiers('import(name)')).toEqual([null])
    expect(specifiers(`import('./a' + name)`)).toEqual([null])
    expect(specifiers('new URL(name, import.meta.url)')).toEqual([null])
  })
})

describe('no import is', () => {
  test.each([
    `// import a from 'a'`,
    `/* import a from 'a' */`,
    `const text = "import a from 'a'"`,
    "const text = `import('a')`",
    `const pattern = /import('a')/`,
    `const here = import.meta.dirname`,
    `new URL('/path', 'http://127.0.0.1')`,
    `new URL(request.url, base)`,
    `loader.import('a')`,
    `export const a = 1`,
    `export { a }; const a = 1`,
    `export type A = { from: 'a' }`,
  ])('%s', source => {
    expect(found(source)).toEqual([])
  })
})

describe('default exports and barrels', () => {
  test.each(['export default 1', 'const a = 1\nexport { a as default }', `export { default } from './a.ts'`])(
    'a default export is seen: %s',
    source => {
      expect(scanFile(source).defaultExports).toHaveLength(1)
    },
  )

  test('an import of somebody else’s default is none', () => {
    expect(scanFile(`import { default as a } from 'a'\nexport const b = a`).defaultExports).toEqual([])
    expect(scanFile(`export { default as a } from 'a'`).defaultExports).toEqual([])
  })

  test.each([
    `export * from './a.ts'`,
    `// all of it\nexport { a } from './a.ts';\nexport type { B } from './b.ts'\n`,
    `import { a } from './a.ts'\nexport { a }`,
  ])('a barrel is seen: %s', source => {
    expect(scanFile(source).isBarrel).toBe(true)
  })

  test.each([`export * from './a.ts'\nexport const b = 1`, `import './a.ts'`, `const a = 1\nexport { a }`, ''])(
    'no barrel is: %s',
    source => {
      expect(scanFile(source).isBarrel).toBe(false)
    },
  )
})

test('source that does not end is an error, not a short list', () => {
  expect(() => found(`const a = 'x\nimport b from 'b'`)).toThrow('line 1: a string without end')
  expect(() => found('\n`${a')).toThrow('without end')
  expect(() => found('/* ')).toThrow('a comment without end')
  expect(() => found('return /[/\n')).toThrow('a regular expression without end')
})
