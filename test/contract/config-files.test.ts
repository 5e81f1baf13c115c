import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { isMap, isScalar, isSeq, parse, parseDocument, visit } from 'yaml'
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
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: SchemaNode | false
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
}

/** Every key of the schema, as `routes.shadows.percent`; names that users choose are left out. */
function schemaKeys(node: SchemaNode, prefix = ''): string[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
    `${prefix}${key}`,
    ...schemaKeys(child, `${prefix}${key}.`),
  ])
  const below = [node.items, node.additionalProperties || undefined, ...(node.anyOf ?? [])]
  return [...own, ...below.flatMap(child => (child === undefined ? [] : schemaKeys(child, prefix)))]
}

test('full.yaml has every key of the schema, written out or in a comment', () => {
  const text = readFileSync(`${directory}full.yaml`, 'utf8')
  const words = new Set(text.match(/[a-z_]+(?=:)/g))
  // Server-side TLS and the TLS of Kafka are described beside `tls: null`, by the words of the others.
  const missing = schemaKeys(routingFileJsonSchema() as SchemaNode).filter(
    path => !words.has(path.split('.').at(-1) as string),
  )
  expect(missing).toEqual([])
})

test('every key of the schema is documented', () => {
  const undocumented: string[] = []
  visit(parseDocument(JSON.stringify(routingFileJsonSchema())), {
    Pair(_key, pair) {
      if (!isScalar(pair.key) || pair.key.value !== 'properties' || !isMap(pair.value)) return
      for (const property of pair.value.items) {
        if (isMap(property.value) && !property.value.has('description')) undocumented.push(String(property.key))
      }
    },
    Seq: (_key, node) => (isSeq(node) && node.items.length === 0 ? visit.SKIP : undefined),
  })
  expect(undocumented).toEqual([])
})

test('routing.schema.json is the one `understudy schema` prints (regenerate: understudy schema > config/routing.schema.json)', () => {
  expect(parse(readFileSync(`${directory}routing.schema.json`, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(routingFileJsonSchema())),
  )
})
