import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOM = fileURLToPath(new URL('../../../src/evidence/', import.meta.url))
const files = readdirSync(ROOM).filter(name => name.endsWith('.ts'))

/** What would make the same counts give another verdict another time or elsewhere. */
const IMPURE = /\b(Date|performance|process|console|setTimeout|setInterval|fetch|globalThis|Math\.random)\b/

describe('src/evidence/', () => {
  test('is looked at', () => {
    expect(files).toContain('verdict.ts')
  })

  test.each(files)('%s imports from its own room only and knows neither clock, chance nor the outside', name => {
    const source = readFileSync(`${ROOM}${name}`, 'utf8')
    const specifiers = [...source.matchAll(/\bfrom '([^']+)'|\bimport\(?\s*'([^']+)'/g)].map(
      match => match[1] ?? match[2],
    )
    expect(specifiers.filter(specifier => !/^\.\/[\w-]+\.ts$/.test(specifier ?? ''))).toEqual([])
    const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*|\bfrom '[^']+'/g, '')
    expect(IMPURE.exec(code)?.[0]).toBeUndefined()
  })
})
