import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { loadSnapshot } from '../../src/config/load.ts'
import { routingFileJsonSchema } from '../../src/config/schema.ts'

const directory = fileURLToPath(new URL('../../config/', import.meta.url))
const examples = readdirSync(directory).filter(name => name.endsWith('.yaml'))

describe('the example routing files', () => {
  test('are all there', () => {
    expect(examples).toEqual(expect.arrayContaining(['canary.yaml', 'full.yaml', 'minimal.yaml', 'shadow.yaml']))
  })

  test.each(examples)('%s loads without any environment', name => {
    const snapshot = loadSnapshot(`${directory}${name}`, { revision: 1, env: {}, cores: 2 })
    expect(snapshot.routes.length).toBeGreaterThan(0)
  })
})

interface SchemaNode {
  readonly description?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: SchemaNode | false
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
}

interface SchemaKey {
  /** `routes.shadows.percent`; names that users choose are left out. */
  readonly path: string
  readonly description: string | undefined
}

function schemaKeys(node: SchemaNode, prefix = ''): SchemaKey[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
    { path: `${prefix}${key}`, description: child.description },
    ...schemaKeys(child, `${prefix}${key}.`),
  ])
  const below = [node.items, node.additionalProperties || undefined, ...(node.anyOf ?? [])]
  return [...own, ...below.flatMap(child => (child === undefined ? [] : schemaKeys(child, prefix)))]
}

describe('every key of the schema', () => {
  const keys = schemaKeys(routingFileJsonSchema())

  test('is found by walking it', () => {
    const paths = keys.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining(['listen.tls.client_auth', 'routes.shadows.percent', 'upstreams.tls.insecure']),
    )
  })

  test('is documented', () => {
    expect(keys.filter(({ description }) => description === undefined)).toEqual([])
  })

  test('stands in full.yaml, written out or in a comment', () => {
    const words = new Set(readFileSync(`${directory}full.yaml`, 'utf8').match(/[a-z_]+(?=:)/g))
    expect(keys.filter(({ path }) => !words.has(path.split('.').at(-1) as string))).toEqual([])
  })
})

test('routing.schema.json is the one `understudy schema` prints (regenerate: understudy schema > config/routing.schema.json)', () => {
  expect(JSON.parse(readFileSync(`${directory}routing.schema.json`, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(routingFileJsonSchema())),
  )
})
