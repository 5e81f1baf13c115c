import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkFile, describeViolations } from '../support/room-rules.ts'

const SRC = fileURLToPath(new URL('../../src/', import.meta.url))

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .map(path => path.split(sep).join('/'))
  .sort()

describe('the rooms of src/', () => {
  test('are all looked at', () => {
    expect(files).toContain('errors.ts')
    expect(files).toContain('dataplane/routing/hash.ts')
    expect(files.length).toBeGreaterThan(50)
  })

  test('import only what their rules allow, have no default exports, no barrels and no long files', () => {
    const violations = files.flatMap(file => checkFile(file, readFileSync(join(SRC, file), 'utf8')))
    expect(describeViolations(violations)).toBe('')
  })
})
