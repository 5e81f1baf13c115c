import { z } from 'zod'
import { record, sinks } from './schema/evidence.ts'
import { admin, limits, listen, log, state } from './schema/process.ts'
import { routes } from './schema/routes.ts'
import { block } from './schema/scalars.ts'
import { upstreams } from './schema/upstreams.ts'

/** Raised when a file that was valid before no longer is, or means something else. */
export const CONFIG_SCHEMA_VERSION = 1

/**
 * The routing file: the one place of its keys, defaults, limits and documentation. What needs more than one key (an
 * upstream that does not exist) or the disk (a certificate) is checked in compile.ts.
 */
export const routingFile = block({ listen, admin, state, limits, upstreams, routes, record, sinks, log })

export type RoutingFile = z.output<typeof routingFile>
export type RouteEntry = RoutingFile['routes'][number]
export type ShadowEntry = RouteEntry['shadows'][number]

const FROM_ENVIRONMENT = { $ref: '#/$defs/fromEnvironment' }

/** The JSON Schema (2020-12) of what a user writes, for editors: `${NAME}` may stand for any single value. */
export function routingFileJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(routingFile, {
    io: 'input',
    override: ({ jsonSchema, path }) => {
      if (path.at(-1) === 'propertyNames') return
      const restricted = jsonSchema.pattern ?? jsonSchema.enum ?? jsonSchema.const
      const isNumber = jsonSchema.type === 'number' || jsonSchema.type === 'integer' || jsonSchema.type === 'boolean'
      if (restricted === undefined && !isNumber) return
      const { description: _description, default: _default, ...value } = jsonSchema
      for (const key of Object.keys(value)) delete jsonSchema[key]
      jsonSchema.anyOf = [value, FROM_ENVIRONMENT]
    },
  })
  return {
    $schema,
    title: 'Understudy routing file',
    ...schema,
    $defs: { fromEnvironment: { type: 'string', pattern: String.raw`\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}` } },
  }
}
