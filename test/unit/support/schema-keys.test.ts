import { expect, test } from 'vitest'
import { schemaKeys } from '../../support/schema-keys.ts'

test('names the keys of objects, lists, maps and alternatives', () => {
  const schema = {
    properties: {
      listen: { anyOf: [{}, { properties: { address: {} } }] },
      routes: { items: { properties: { name: {}, methods: { items: {} } } } },
      upstreams: { additionalProperties: { oneOf: [{}, { properties: { url: { additionalProperties: {} } } }] } },
      closed: { properties: {}, additionalProperties: false },
    },
  }
  expect(schemaKeys(schema)).toEqual([
    'closed',
    'listen',
    'listen.address',
    'routes',
    'routes[].methods',
    'routes[].name',
    'upstreams',
    'upstreams.<name>.url',
  ])
})

test('follows definitions, once when they contain themselves, and misses none', () => {
  const tree = { properties: { child: { $ref: '#/$defs/tree' }, size: {} } }
  const schema = { properties: { top: { $ref: '#/$defs/tree' } }, $defs: { tree } }
  expect(schemaKeys(schema)).toEqual(['top', 'top.child', 'top.size'])
  expect(() => schemaKeys({ $ref: '#/$defs/gone' })).toThrow('the schema has no #/$defs/gone')
})
