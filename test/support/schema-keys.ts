/** As much of JSON Schema as the routing file's schema uses. */
export interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
}

/**
 * The dotted path of every named key a document may have: `routes[].name`; `[]` is an element of a list, `<name>` a key
 * the user chooses. Sorted. Lists and maps of plain values have no keys below them.
 */
export function schemaKeys(schema: JsonSchema): string[] {
  const keys = new Set<string>()
  collect(schema, '', keys, schema.$defs ?? {}, [])
  return [...keys].sort()
}

type Definitions = Readonly<Record<string, JsonSchema>>

/** `inside`: the definitions on the way here; one that contains itself has no further keys. */
function collect(
  node: JsonSchema,
  path: string,
  keys: Set<string>,
  defs: Definitions,
  inside: readonly string[],
): void {
  if (node.$ref !== undefined && !inside.includes(node.$ref)) {
    const target = defs[node.$ref.replace('#/$defs/', '')]
    if (target === undefined) throw new Error(`${path}: the schema has no ${node.$ref}`)
    collect(target, path, keys, defs, [...inside, node.$ref])
  }
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const key = path === '' ? name : `${path}.${name}`
    keys.add(key)
    collect(child, key, keys, defs, inside)
  }
  for (const each of [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]) {
    collect(each, path, keys, defs, inside)
  }
  if (node.items !== undefined) collect(node.items, `${path}[]`, keys, defs, inside)
  if (typeof node.additionalProperties === 'object') {
    collect(node.additionalProperties, path === '' ? '<name>' : `${path}.<name>`, keys, defs, inside)
  }
}
