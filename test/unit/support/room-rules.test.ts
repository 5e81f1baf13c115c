import { describe, expect, test } from 'vitest'
import { checkFile, describeViolations } from '../../support/room-rules.ts'

const check = (file: string, source: string): string =>
  describeViolations(checkFile(file, `${source}\nconst own = 1\n`))

describe('allowed is', () => {
  test.each([
    ['cli/serve.ts', `import { a } from '../dataplane/exchange.ts'`],
    ['config/load.ts', `import { z } from 'zod'; import { b } from './schema/x.ts'; import { c } from '../errors.ts'`],
    ['config/schema/x.ts', `import { parse } from 'yaml'`],
    ['dataplane/http/x.ts', `import type { Snapshot } from '../../config/snapshot.ts'`],
    ['dataplane/upstream/pool.ts', `import { Pool } from 'undici'`],
    ['dataplane/http/upgrade.ts', `import proxy from 'http-proxy'`],
    ['wire/window.ts', `import { a } from '../errors.ts'; import { b } from '../config/snapshot.ts'`],
    ['analysis/windows.ts', `import { a } from '../evidence/e.ts'; import { b } from '../sinks/sink.ts'`],
    ['judge/ledger.ts', `import { DatabaseSync } from 'node:sqlite'; import { a } from '../wire/window.ts'`],
    ['sinks/kafka.ts', `import { Kafka } from 'kafkajs'`],
    ['control/threads.ts', 'new URL(`../dataplane/worker.${ending}`, import.meta.url)'],
    ['control/threads.ts', `new URL('../dataplane/worker.js', import.meta.url)`],
    ['control/admin/page.ts', `new URL('./ui/index.html', import.meta.url)`],
    ['cli/version.ts', `new URL('../../package.json', import.meta.url)`],
    ['evidence/e.ts', `import { a } from './sequence.ts'`],
  ])('%s: %s', (file, source) => {
    expect(check(file, source)).toBe('')
  })
})

describe('refused is', () => {
  test.each([
    ['evidence/e.ts', `import type { A } from '../config/snapshot.ts'`, 'evidence may import nothing'],
    ['wire/window.ts', `import type { A } from '../dataplane/x.ts'`, 'not dataplane/x.ts'],
    ['dataplane/x.ts', `import { a } from '../config/load.ts'`, 'not config/load.ts'],
    ['dataplane/x.ts', `import { a } from '../analysis/windows.ts'`, 'not analysis/windows.ts'],
    ['dataplane/x.ts', `const a = await import('../control/log.ts')`, 'not control/log.ts'],
    ['dataplane/x.ts', `export { a } from '../control/log.ts'`, 'not control/log.ts'],
    ['control/x.ts', `import { a } from '../dataplane/worker.ts'`, 'not dataplane/worker.ts'],
    ['control/x.ts', `new URL('../dataplane/exchange.ts', import.meta.url)`, 'not dataplane/exchange.ts'],
    ['analysis/x.ts', `new URL('../dataplane/worker.ts', import.meta.url)`, 'not dataplane/worker.ts'],
    ['judge/x.ts', `import { a } from '../control/log.ts'`, 'not control/log.ts'],
    ['errors.ts', `import { a } from './clock.ts'`, 'errors may import nothing'],
    ['sinks/file.ts', `import { Kafka } from 'kafkajs'`, 'kafkajs belongs to src/sinks/kafka.ts'],
    ['dataplane/http/x.ts', `import { Pool } from 'undici/types/pool.js'`, 'undici belongs to src/dataplane/upstream/'],
    ['control/x.ts', `import type { Logger } from 'pino'`, 'pino belongs to src/control/log.ts'],
    ['cli/x.ts', `import leftPad from 'left-pad'`, 'left-pad is no library of the project'],
    ['cli/x.ts', `import a from '@scope/name/deep'`, '@scope/name is no library of the project'],
    ['cli/x.ts', `import { readFileSync } from 'fs'`, 'a builtin without "node:"'],
    ['cli/x.ts', `import { a } from '../../test/support/x.ts'`, 'lies outside src/'],
    ['cli/x.ts', `import a from '../../package.json' with { type: 'json' }`, 'read data through new URL'],
    ['cli/x.ts', `await import(name)`, 'name the file literally'],
    ['util/x.ts', '', 'src/ has no such room'],
    ['cli/x.ts', 'export default 1', 'no default exports'],
    ['cli/x.ts', '\n'.repeat(400), 'no file over 400 lines'],
  ])('%s: %s', (file, source, rule) => {
    expect(check(file, source)).toContain(rule)
  })

  test('a file that only re-exports', () => {
    const violations = checkFile('cli/all.ts', `export * from './serve.ts'\n`)
    expect(describeViolations(violations)).toBe('src/cli/all.ts:1  no file that only re-exports')
  })

  test('with file and line', () => {
    expect(check('evidence/e.ts', `\n\nimport { a } from '../clock.ts'`)).toBe(
      'src/evidence/e.ts:3  evidence may import nothing: not clock.ts',
    )
  })

  test('not a file of exactly 400 lines', () => {
    expect(checkFile('cli/x.ts', 'const a = 1\n'.repeat(400))).toEqual([])
    expect(checkFile('cli/x.ts', 'const a = 1\n'.repeat(401))).toHaveLength(1)
  })
})
