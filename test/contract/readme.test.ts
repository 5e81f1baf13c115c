import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PAYLOAD_FORMATS } from '../../src/analysis/payloads/protocol.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { ADMIN_ROUTES } from '../../src/control/admin/routes.ts'
import { METRICS } from '../../src/control/metric-table.ts'
import { bucketOf, hash32 } from '../../src/dataplane/routing/hash.ts'
import { ERRORS } from '../../src/errors.ts'
import { DROP_REASONS, INCOMPARABLE_REASONS, UNPAIRED_REASONS } from '../../src/wire/outcomes.ts'
import { readNames, readTable } from '../support/markdown-table.ts'
import { schemaKeys, type JsonSchema } from '../support/schema-keys.ts'

const readFile = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const readme = readFile('README.md')

/** Equal lists in any order: a name that is missing on either side is in the message. */
function expectSame(documented: readonly string[], inCode: readonly string[]): void {
  expect([...documented].sort()).toEqual([...inCode].sort())
}

describe('README, both ways', () => {
  test('names every command with its usage and no other', () => {
    const rows = readTable(readme, 'commands').map(row => `${row.command} ${row.options}`)
    expectSame(
      rows,
      COMMANDS.map(({ name, usage }) => `${name} ${usage}`),
    )
  })

  test('names every key of the routing file and no other', () => {
    const schema = JSON.parse(readFile('config/routing.schema.json')) as JsonSchema
    expectSame(readNames(readme, 'keys'), schemaKeys(schema))
  })

  test('names every metric with its type and labels and no other', () => {
    const rows = readTable(readme, 'metrics').map(row => `${row.metric} ${row.type} ${labelsOf(row.labels ?? '')}`)
    expectSame(
      rows,
      METRICS.map(({ name, type, labels }) => `${name} ${type} ${labels.join(' ')}`),
    )
  })

  test('names every error code with its status, source and retry and no other', () => {
    const rows = readTable(readme, 'errors').map(row => `${row.code} ${row.status} ${row.source} ${row.retry}`)
    const inCode = Object.entries(ERRORS).map(([code, each]) => `${code} ${each.status} ${each.source} ${each.retry}`)
    expectSame(rows, inCode)
  })

  test('names every reason beside the metric that counts it and no other', () => {
    const rows = readTable(readme, 'reasons').map(row => `${row['counted in']} ${row.reason}`)
    expectSame(rows, [
      ...DROP_REASONS.map(reason => `shadow_dropped_total ${reason}`),
      ...UNPAIRED_REASONS.map(reason => `unpaired_total ${reason}`),
      ...INCOMPARABLE_REASONS.map(reason => `incomparable_total ${reason}`),
    ])
  })

  test('counts reasons in metrics that exist', () => {
    const metrics = new Set<string>(METRICS.map(metric => metric.name))
    const counters = readTable(readme, 'reasons').map(row => row['counted in'] ?? '')
    expect(counters.filter(name => !metrics.has(name))).toEqual([])
  })

  test('names every admin route and no other', () => {
    expectSame(
      readNames(readme, 'admin'),
      ADMIN_ROUTES.map(({ method, path }) => `${method} ${path}`),
    )
  })

  test('names every form of answer and no other, and a test that is there for each thing said of it', () => {
    const rows = readTable(readme, 'payloads')
    const formats = rows.flatMap(row => (row['protocol'] ?? '').match(/[a-z_]+(?=`)/g) ?? [])
    expectSame([...new Set(formats)], PAYLOAD_FORMATS)
    const tests = new Set(testFiles())
    for (const row of rows) {
      for (const column of ['request seen', 'answer decoded', 'stream', 'errors']) {
        const cell = row[column] ?? ''
        const named = cell.match(/[\w-]+\.test\.ts/g) ?? []
        expect(named.filter(name => !tests.has(name))).toEqual([])
        expect([cell, named.length > 0 || cell === 'it has none']).toEqual([cell, true])
      }
    }
  })

  test('gives hash vectors that the code computes', () => {
    const rows = readTable(readme, 'hash')
    const computed = rows.map(({ salt = '', key = '' }) => ({
      salt,
      key,
      hash: String(hash32(`${salt}\n${key}`)),
      bucket: bucketOf(salt, key).toFixed(6),
    }))
    expect(rows).toEqual(computed)
  })

  test('gives enough hash vectors to write the hash anew: both salts, and a key beyond ASCII', () => {
    const rows = readTable(readme, 'hash')
    expect(rows.some(row => row.salt?.startsWith('canary:'))).toBe(true)
    expect(rows.some(row => row.salt?.startsWith('shadow:'))).toBe(true)
    expect(rows.some(row => /[^\x20-\x7e]/.test(row.key ?? ''))).toBe(true)
  })
})

/** By their names alone: that is how the table calls them. */
function testFiles(): string[] {
  const directory = new URL('../', import.meta.url)
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map(path => basename(path))
}

/** `route, arm` as `route arm`; a dash means none. */
function labelsOf(cell: string): string {
  return (cell.match(/[a-z_]+/g) ?? []).join(' ')
}
